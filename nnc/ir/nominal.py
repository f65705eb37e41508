"""Assumed sizes of run-time dimensions if none are given, and the costs of a graph with them."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.errors import ShapeError
from nnc.ir.dimensions import SymbolicDim, symbol
from nnc.ir.graph import Graph, Node

NOMINAL_SIZE = 32
_CANDIDATES = (NOMINAL_SIZE, *(2**power for power in range(6, 21)), *(2**power for power in range(4, -1, -1)))
"""32, then what is larger, for ``time-40``, then what is smaller, for ``8-time``."""


def nominal_sizes(graph: Graph, batch: int = NOMINAL_SIZE) -> dict[str, int]:
    """Return a size for each symbol: `batch` rows, and lengths of 32, or what leaves something of each dimension.

    Fewer rows where layers that keep a state for each row have not so many, and as many as the graph takes if there is
    only one number.
    """
    if (fixed := fixed_rows(graph)) is not None:
        batch = fixed[0]
    dims = {dim for node in graph.nodes for type in node.types for dim in type.shape if isinstance(dim, SymbolicDim)}
    by_batch = [dim for dim in dims if dim.symbols == {"batch"}]
    rows = (size for size in (batch, *_CANDIDATES) if size <= batch)
    batch = next((size for size in rows if all(dim.bind({"batch": size}) >= 0 for dim in by_batch)), batch)
    sizes = {}
    for name in graph.symbols:
        own = [dim for dim in dims if dim.symbols - {"batch"} == {name}]
        fitting = (
            size
            for least in (1, 0)
            for size in _CANDIDATES
            if all(dim.bind({"batch": batch, name: size}) >= least for dim in own)
        )
        sizes[name] = batch if name == "batch" else next(fitting, NOMINAL_SIZE)
    return sizes


def fixed_rows(graph: Graph) -> tuple[int, str] | None:
    """Return the only number of rows that a graph takes, with the path of the layer; None where it takes several.

    So are graphs of models that were traced with the rows of their weights: they begin with so many, and give all.
    """
    batch = symbol("batch")
    starts: dict[int, list[Node]] = {}
    ends: dict[int, list[Node]] = {}
    for node in graph.nodes:
        if node.operands and node.types[0].shape and node.operands[0].shape:
            before, after = node.operands[0].shape[0], node.types[0].shape[0]
            if isinstance(after, int) and before == batch:
                starts.setdefault(after, []).append(node)
            elif isinstance(before, int) and after == batch:
                ends.setdefault(before, []).append(node)
    sizes = dict.fromkeys(graph.symbols, NOMINAL_SIZE)
    for rows in starts.keys() & ends.keys():
        wants_more = next((node for node in starts[rows] if not _fits(node, sizes | {"batch": rows - 1})), None)
        if wants_more and any(not _fits(node, sizes | {"batch": rows + 1}) for node in ends[rows]):
            return rows, wants_more.path
    return None


def _fits(node: Node, sizes: Mapping[str, int]) -> bool:
    """Whether a node accepts its operands for these sizes."""
    try:
        node.op.bound_types(sizes, [value.type.bind(sizes) for value in node.operands])
    except ShapeError:
        return False
    return True


def count_flops(graph: Graph, batch: int) -> int:
    """Return the floating-point operations of one run of a graph.

    Args:
        graph: the graph; run-time dimensions other than the batch get their nominal size.
        batch: rows of a batch.
    """
    sizes = nominal_sizes(graph, batch)
    return sum(node_flops(node, sizes) for node in graph.nodes if not node.is_leaf)


def node_flops(node: Node, sizes: Mapping[str, int]) -> int:
    """Return the floating-point operations of a node, for sizes of the run-time dimensions."""
    operands = [value.type.bind(sizes) for value in node.operands]
    return node.op.bind(sizes).flops(operands, [type.bind(sizes) for type in node.types])
