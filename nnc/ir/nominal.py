"""Sizes that run-time dimensions are taken to have where nobody has given any."""

from __future__ import annotations

from nnc.errors import ShapeError
from nnc.ir.graph import Graph

NOMINAL_SIZE = 32
_LARGEST_SIZE = 2**20


def nominal_sizes(graph: Graph, batch: int = NOMINAL_SIZE) -> dict[str, int]:
    """Return a size for each symbol: `batch` rows, and lengths of 32, doubled until ``time-40`` is not negative.

    Where no length does, there are half as many rows: ``4-batch`` is how many rows of a state are left.

    Raises:
        ShapeError: a length of a million does not do, nor does a single row.
    """
    types = {type for node in graph.nodes for type in node.types if type.symbols}
    length = NOMINAL_SIZE
    while True:
        sizes = {name: batch if name == "batch" else length for name in graph.symbols}
        try:
            for type in types:
                type.bind(sizes)
        except ShapeError:
            if length <= _LARGEST_SIZE and sizes.keys() - {"batch"}:
                length *= 2
            elif batch > 1 and "batch" in sizes:
                batch, length = batch // 2, NOMINAL_SIZE
            else:
                raise
        else:
            return sizes
