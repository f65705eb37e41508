"""Finds chains of two products with rows between them, as in attention, that run some rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import prod

from nnc.ir import FLOATING, Dim, Graph, Node, Op, Shape, TensorType, Value
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.movement import Reshape
from nnc.plan.nests import Nest
from nnc.target import KernelNeeds

MOST_PARTS = 32
"""Most threads that work on a chain at a time: each has room of its own for the rows that it works on."""
HEIGHTS = (96, 72, 48, 24)
"""Numbers of rows that are worked on at a time; whole tiles of products, on all processors."""
ROWS_ELEMENTS = 1 << 15
"""Elements that so many rows should not have more of, so that they stay in the second cache: 128 KiB."""
_LEAST_MATRIX = 1 << 10
"""Elements of a right matrix, where they are known, below which a product is better written out."""
_LINE = 16
"""Elements of a line of the cache: rows begin with one, and no two in the same place of every cache."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A product, a nest of rows that reads its result, and a product whose left matrices the nest's last rows are.

    Some rows of one matrix run through all of it before the next ones do, so that what only the chain reads is never
    there as a whole: of attention, neither scores nor weights.

    Args:
        first: the first product.
        nest: the rows.
        last: the last product.
        matrices: number of matrices, which lie in the same order in all that the chain reads and writes.
        rows: rows of each matrix.
        columns: elements of a row.
        dtype: element type of all that is kept for some rows.
        rooms: for each value that only the chain reads, and reads back from memory, the number of its place among the
            rows that are kept; views have that of what they view.
        inside: values that need no memory of their own.
        strips: elements of the right matrix of each product in the layout that it is read in again and again; 0 where
            it is read as it is.
    """

    first: int
    nest: Nest
    last: int
    matrices: Dim
    rows: Dim
    columns: Dim
    dtype: str
    rooms: Mapping[Value, int]
    inside: frozenset[Value]
    strips: tuple[Dim, Dim] = (0, 0)

    @property
    def span(self) -> tuple[int, ...]:
        """All steps that run together."""
        return (self.first, *self.nest.steps, self.last)

    @property
    def height(self) -> int:
        """Number of rows that are worked on at a time."""
        height = HEIGHTS[-1]
        if isinstance(self.columns, int):
            height = next((height for height in HEIGHTS if height * self.columns <= ROWS_ELEMENTS), height)
        return min(height, self.rows) if isinstance(self.rows, int) else height

    @property
    def stride(self) -> Dim:
        """Elements from one row that is kept to the next."""
        return (self.columns + 2 * _LINE - 1) // _LINE * _LINE

    @property
    def pieces(self) -> Dim:
        """Number of pieces of so many rows that each matrix has."""
        return (self.rows + self.height - 1) // self.height

    @property
    def kept(self) -> Dim:
        """Elements of the rows that one thread keeps."""
        return self.height * self.stride * (max(self.rooms.values(), default=0) + 1)

    @property
    def room(self) -> Dim:
        """Elements of all that one thread keeps."""
        return self.kept + self.strips[0] + self.strips[1]

    def workspace(self, bindings: Mapping[str, int]) -> TensorType:
        """Return the memory for the rows that are worked on at the same time, for some sizes."""
        sizes = [dim if isinstance(dim, int) else dim.bind(bindings) for dim in (self.matrices, self.pieces, self.room)]
        return TensorType(self.dtype, (min(MOST_PARTS, sizes[0] * sizes[1]), sizes[2]))


def find_chains(
    graph: Graph, nests: Mapping[int, Nest], constants: Collection[Value], needs: KernelNeeds
) -> dict[int, Chain]:
    """Return the chain of each step that is in one.

    As in nests, views and steps that read nothing of the chain may lie in between, and run before it.

    Args:
        graph: a flat graph.
        nests: the nests of its steps; see `nnc.plan.nests.find_nests`.
        constants: values that are not steps.
        needs: what kernels need.
    """
    finder = _Finder(graph, nests, constants)
    found: dict[int, Chain] = {}
    for nest in dict.fromkeys(nests.values()):
        chain = finder.chain(nest) if nest.rows else None
        if chain is not None and found.keys().isdisjoint(chain.span):
            found |= dict.fromkeys(chain.span, _with_strips(chain, graph, needs))
    return found


def _with_strips(chain: Chain, graph: Graph, needs: KernelNeeds) -> Chain:
    """Let several pieces read the same right matrices in strips."""
    if chain.pieces == 1:
        return chain
    first, last = (
        needs.strips(chain.dtype, *graph.nodes[step].operands[1].shape[-2:]) for step in (chain.first, chain.last)
    )
    return replace(chain, strips=(first, last))


class _Finder:
    """Finds the chain of a nest.

    Args:
        graph: a flat graph.
        nests: the nests of its steps.
        constants: values that are not steps.
    """

    def __init__(self, graph: Graph, nests: Mapping[int, Nest], constants: Collection[Value]) -> None:
        self.graph, self.nests, self.constants = graph, nests, constants
        self.readers: dict[Value, list[Node]] = {}
        for node in graph.nodes:
            for operand in node.operands:
                self.readers.setdefault(operand, []).append(node)

    def chain(self, nest: Nest) -> Chain | None:
        """Return the chain of a nest of rows, None where there is none."""
        nodes = [self.graph.nodes[index] for index in nest.steps]
        sources = dict.fromkeys(self._whole(operand) for node in nodes for operand in node.operands)
        first = next((value.node for value in sources if self._begins(value, nest)), None)
        last = next((node for step in reversed(nest.steps) if (node := self._ends(step, nest)) is not None), None)
        if first is None or last is None or not first.index < nest.steps[0] <= nest.steps[-1] < last.index:
            return None
        span = {first.index, *nest.steps, last.index}
        if not self._runs_by_rows(first, nest, last):
            return None
        inside = {value for index in span - {last.index} for value in self._inside(index, span)}
        rooms = self._rooms(first, nest, last, inside)
        if rooms is None:
            return None
        matrices, dtype, (rows, columns) = _matrices(nest.shape), first.types[0].dtype, nest.shape[-2:]
        return Chain(first.index, nest, last.index, matrices, rows, columns, dtype, rooms, frozenset(inside))

    def _whole(self, value: Value) -> Value:
        """Return what a value is another shape of."""
        while isinstance(value.node.op, Reshape) and value not in self.constants:
            value = value.node.operands[0]
        return value

    def _begins(self, value: Value, nest: Nest) -> bool:
        """Whether a value is a product whose matrices have the rows of a nest."""
        return self._is_product(value.node) and _is_same(value.shape, nest.shape)

    def _ends(self, step: int, nest: Nest) -> Node | None:
        """Return the product whose left matrices are what a step of a nest gives."""
        if step not in nest.whole:
            return None
        (result,) = self.graph.results(self.graph.nodes[step])
        for view in self._views(result):
            for reader in self.readers.get(view, ()):
                left, *_ = reader.operands
                if self._is_product(reader) and left is view and _is_same(view.shape, nest.shape):
                    return reader if _matrices(reader.types[0].shape) == _matrices(nest.shape) else None
        return None

    def _views(self, value: Value) -> list[Value]:
        """Return a value and what is another shape of it."""
        found = [value]
        for view in found:
            found += [
                self.graph.results(reader)[0] for reader in self.readers.get(view, ()) if isinstance(reader.op, Reshape)
            ]
        return found

    def _is_product(self, node: Node) -> bool:
        """Whether a step is a product of several matrices by several that is long enough and no head of a nest."""
        if not isinstance(node.op, MatMul) or node.index in self.nests or node.types[0].dtype not in FLOATING:
            return False
        if any(operand.rank < 3 or operand in self.constants for operand in node.operands):
            return False
        inner, columns = node.operands[1].shape[-2:]
        return not isinstance(inner * columns, int) or inner * columns >= _LEAST_MATRIX

    def _runs_by_rows(self, first: Node, nest: Nest, last: Node) -> bool:
        """Whether a row of the chain needs no other row of it, and nothing that runs before it needs any.

        The nest may take the first product's result row by row, and its own results as they are, and the last product
        the nest's as its left matrices.
        """
        steps = {*nest.steps}
        span = {first.index, *steps, last.index}
        shows: dict[int, bool] = dict.fromkeys(span, True)  # what shows a part of the chain: whether it lies dense
        for index in range(first.index + 1, last.index + 1):
            node = self.graph.nodes[index]
            read = [position for position, operand in enumerate(node.operands) if operand.index in shows]
            if index in steps:
                values = [node.operands[position] for position in read]
                if not all(value.index in steps or self._is_row_by_row(value, first, nest) for value in values):
                    return False
            elif index == last.index:
                return read == [0]
            elif read:
                is_dense = isinstance(node.op, Reshape) and shows[node.operands[0].index]
                if type(node.op).view is Op.view or (isinstance(node.op, Reshape) and not is_dense):
                    return False  # a step, or a copy of what is not dense, which would run before the chain
                shows[index] = is_dense
        return True

    def _is_row_by_row(self, value: Value, first: Node, nest: Nest) -> bool:
        """Whether a value shows a product's result with the rows of a nest."""
        return self._whole(value).node is first and _is_same(value.shape, nest.shape)

    def _inside(self, step: int, span: Collection[int]) -> list[Value]:
        """Return what a step gives, with its views, where only the span reads it."""
        (result,) = self.graph.results(self.graph.nodes[step])
        views = self._views(result)
        readers = {reader.index for view in views for reader in self.readers.get(view, ())}
        known = {*span, *(view.index for view in views)}
        return views if readers <= known and not any(view in self.graph.roots for view in views) else []

    def _rooms(self, first: Node, nest: Nest, last: Node, inside: Collection[Value]) -> dict[Value, int] | None:
        """Return the rooms of the values inside that are read back, None where they are of several types.

        A value takes over the room of one that is read for the last time before it is written.
        """
        rooms: dict[Value, int] = {}
        loops = {**dict(zip(nest.steps, nest.loops, strict=True)), last.index: len(nest.steps)}
        ends: list[tuple[int, int]] = []  # the loop and the step in which each room is read for the last time
        for index in (first.index, *(step for step in nest.steps if step in nest.whole)):
            (result,) = self.graph.results(self.graph.nodes[index])
            views = self._views(result)
            readers = {reader.index for view in views for reader in self.readers.get(view, ())}
            loop = -1 if index == first.index else loops[index]
            reads = [(loops[reader], reader) for reader in readers if reader in loops]
            if result not in inside or not any(read > loop for read, _ in reads):
                continue
            if result.dtype != first.types[0].dtype:
                return None
            room = next((number for number, end in enumerate(ends) if end <= (loop, index)), len(ends))
            ends[room : room + 1] = [max(reads)]
            rooms |= dict.fromkeys(views, room)
        return rooms


def _matrices(shape: Shape) -> Dim:
    return prod(shape[:-2], start=1)


def _is_same(shape: Shape, other: Shape) -> bool:
    """Whether as many matrices of the same rows have these shapes, in whatever axes they are arranged."""
    return len(shape) > 2 and shape[-2:] == other[-2:] and _matrices(shape) == _matrices(other)
