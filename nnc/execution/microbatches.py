"""Predictions of large batches run some rows at a time, so that what one step writes is still near for the next."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from nnc.backends.caches import cache_sizes
from nnc.errors import DistributionError, ShapeError
from nnc.ir import Graph, Node, SymbolicDim, Value, symbol
from nnc.labels import ROWS

BATCH = symbol(ROWS)
NEAR_CACHES = 2
"""Second-level caches that the largest value of a microbatch may fill, from ``python -m benchmarks.microbatches``.

Whatever a step reads and writes is then in the second or third. With less, a CNN on small pictures and an LSTM would
have too few rows for their products.
"""
USUAL_CACHE = 1 << 20
"""Bytes of a second-level cache where nobody says them."""


def near_bytes() -> int:
    """Return the bytes that the largest value of a microbatch may have."""
    return NEAR_CACHES * cache_sizes().get(2, USUAL_CACHE)


class Microbatches:
    """The number of rows that predictions compute at a time.

    Rows that do not depend on each other give the same in any number, but for the order in which products add up. Each
    microbatch reads the weights again, so that it has as many rows as it takes for products to write as much as
    they read of these.

    Args:
        graph: the graph that predicts.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._near: dict[tuple[tuple[str, int], ...], int] = {}
        self._worthwhile: dict[tuple[tuple[str, int], ...], int] = {}

    def rows(self, sizes: Mapping[str, int]) -> int:
        """Return how many rows to compute at a time, at most those of the batch.

        Args:
            sizes: sizes of the run-time dimensions, the rows of the batch among them.
        """
        batch = sizes[ROWS]
        if batch < 2:
            return batch
        key = tuple(sorted((name, size) for name, size in sizes.items() if name != ROWS))
        if key not in self._near:
            try:
                self._near[key] = near_bytes() // max(self._largest(sizes), 1)
            except ShapeError:  # whoever binds the graph says what is wrong with these sizes
                return batch
        near = self._near[key]
        if batch <= near or not self._is_by_row:
            return batch
        if key not in self._worthwhile:
            self._worthwhile[key] = self._least(sizes)
        return min(batch, max(near, self._worthwhile[key], 1))

    @cached_property
    def _is_by_row(self) -> bool:
        return rows_are_independent(self._graph)

    def _largest(self, sizes: Mapping[str, int]) -> int:
        """Return the bytes that the largest value has for each row.

        It is bound for the whole batch: where rows are left out, one row might have no meaning.
        """
        types = [type for node in self._graph.nodes for type in node.types if ROWS in type.symbols]
        return max((type.bind(sizes).nbytes for type in types), default=0) // sizes[ROWS]

    def _least(self, sizes: Mapping[str, int]) -> int:
        """Return the rows from which on products write as much as they read of weights."""
        from nnc.passes import inlined

        read, written = _traffic(inlined(self._graph), {**sizes, ROWS: 1})
        return -(-read // max(written, 1))


def _traffic(graph: Graph, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Return the bytes that the products of a graph read of operands without rows, and those that they write."""
    from nnc.ir.ops.convolution import Sliding
    from nnc.ir.ops.matmul import MatMul
    from nnc.ir.ops.scan import Scan

    read = written = 0
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            times = node.operands[node.op.carries].type.bind(sizes).shape[0]
            inside = _traffic(node.op.body, sizes)
            read, written = read + int(times) * inside[0], written + int(times) * inside[1]
        elif isinstance(node.op, MatMul | Sliding):
            read += sum(_bytes(value, sizes) for value in node.operands if ROWS not in value.type.symbols)
            written += sum(_bytes(value, sizes) for value in graph.results(node))
    return read, written


def _bytes(value: Value, sizes: Mapping[str, int]) -> int:
    return value.type.bind(sizes).nbytes


def rows_are_independent(graph: Graph) -> bool:
    """Return whether each row of a graph's outputs depends on one row of its inputs alone, and nothing else changes.

    Inputs and outputs have their rows along the first axis.
    """
    from nnc.passes import inlined
    from nnc.passes.sharding import Sharding, Shardings

    ends = [*graph.inputs.values(), *graph.outputs.values()]
    if graph.updates or any(not value.shape or value.shape[0] != BATCH for value in ends):
        return False
    flat = inlined(graph)
    try:
        found = Shardings(flat)
    except DistributionError:
        return False
    if any(sharding not in (Sharding.SAME, Sharding.ROWS) for sharding in found.of.values()):
        return False
    return not any(_knows_the_batch(node) for node in flat.nodes)


def _knows_the_batch(node: Node) -> bool:
    """Whether a node asks how many rows there are, numbers them or draws for each."""
    from nnc.ir.ops.random import RandomUniform
    from nnc.ir.ops.sizes import Iota, Size

    if isinstance(node.op, Size):
        return any(isinstance(dim, SymbolicDim) and ROWS in dim.symbols for dim in node.op.shape)
    return isinstance(node.op, Iota | RandomUniform) and ROWS in node.types[0].symbols
