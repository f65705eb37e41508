"""Chains of two products with rows between them, such as attention, printed as one loop over pieces of some rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.bounded_bias import bias_arguments
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.kernels import Unit
from nnc.backends.c.kernels.product import pack_strips
from nnc.backends.c.linkage import FALSE, RUN
from nnc.backends.c.rows import RowPrinter, seen_by_rows
from nnc.backends.c.statements import Code, Facts, Statement, assign, block, declare, execute, loop, pointer, when
from nnc.backends.c.text import C_TYPES, SUFFIXES, own_dim
from nnc.backends.c.thread_counts import PARALLEL_WORK, members, shared
from nnc.ir import Shape, Value
from nnc.plan import Plan
from nnc.plan.chains import MOST_PARTS, Chain

_PARALLEL_KNOWN = 1 << 10
"""Multiplications, apart from run-time dimensions, below which pieces are never divided among threads."""
_HEIGHT = own_dim("nnc.height")
"""The run-time dimension that is the number of rows of a piece, the last of a matrix may have fewer."""


class ChainPrinter:
    """Prints a chain.

    Threads have pieces one behind the other, and memory of their own for the rows of a piece; where a piece ends does
    not depend on their number.

    Args:
        plan: the plan that the chain is a part of.
        chain: the chain.
        place: where a value lies that is there as a whole.
        workspace: the memory for rows of pieces, a part of it for each thread.
        unit: where names and functions come from.
    """

    def __init__(self, plan: Plan, chain: Chain, place: Callable[[Value], Array], workspace: Array, unit: Unit) -> None:
        self.plan, self.chain, self.place, self.workspace, self.unit = plan, chain, place, workspace, unit
        self.kept, self.top = variable(unit.name("kept_rows")), variable(unit.name("top"))
        self.matrix, self.packed = variable(unit.name("matrix")), variable(unit.name("packed_matrix"))
        self.packs = chain.strips != (0, 0)
        self.indices: dict[Shape, list[Expression]] = {}

    def lines(self) -> list[Code]:
        """Return the loops."""
        chain, graph = self.chain, self.plan.graph
        team, member, piece = (variable(self.unit.name(name)) for name in ("team", "member", "piece"))
        pieces = chain.matrices * chain.pieces
        first, last = graph.nodes[chain.first], graph.nodes[chain.last]
        inner, outer = first.operands[1].shape[-2], last.types[0].shape[-1]
        work = chain.matrices * chain.rows * chain.columns * (inner + outer)
        count = members(pieces, work, PARALLEL_WORK, _PARALLEL_KNOWN)
        kind = C_TYPES[chain.dtype]
        limited = None if count is None else choice(infix("<", count, MOST_PARTS), count, MOST_PARTS)
        body = [
            *self._packing(),
            *self._product(chain.first, self._rows_of(first.operands[0])),
            *self._rows(),
            *self._product(chain.last, self._left()),
        ]
        body = [*self._places(piece, Facts.of(body).uses), *body]
        packed = [Statement(f"int64_t {self.packed.text} = -1;")] if self.packs else []
        own = [pointer(kind, self.kept, (self.workspace.address + member * chain.room).grouped), *packed]
        if limited is None:
            return [block([pointer(kind, self.kept, self.workspace.address), *packed, loop(piece, pieces, body)])]
        begin, end = (infix("/", operand(pieces) * number, team) for number in (member, (member + 1).grouped))
        return [
            block(
                [
                    declare("const int", team, limited),
                    loop(member, team, [*own, loop(piece, end, body, start=begin)], shared(team)),
                ]
            )
        ]

    def _places(self, piece: Expression, uses: Collection[str]) -> list[Code]:
        """Return the declarations of a piece's matrix, the indices of it that are used, and its rows."""
        chain, pieces = self.chain, self.chain.pieces
        found: list[Code] = [declare("const int64_t", self.matrix, piece if pieces == 1 else piece / operand(pieces))]
        for lengths, indices in self.indices.items():
            rest = self.matrix
            for position, length in reversed([*enumerate(lengths)]):
                index = rest if position == 0 else infix("%", rest, operand(length))
                if len(lengths) > 1 and indices[position].text in uses:
                    found.append(declare("const int64_t", indices[position], index))
                rest = rest / operand(length)
        height = operand(chain.rows) - self.top
        start = 0 if pieces == 1 else (piece - self.matrix * operand(pieces)).grouped * chain.height
        return [
            *found,
            declare("const int64_t", self.top, start),
            declare("const int64_t", operand(_HEIGHT), choice(infix("<", height, chain.height), height, chain.height)),
        ]

    # ------------------------------------------------------------------ arrays

    def _matrix(self, array: Array, leading: Shape) -> Array:
        """Return the matrix, or what else lies behind the leading axes, of an array that is repeated along them."""
        lengths = tuple(dim for dim in leading if dim != 1)
        if lengths not in self.indices:
            axes = range(len(lengths))
            names = [variable(self.unit.name(f"n{axis}")) for axis in axes]
            self.indices[lengths] = [self.matrix] if len(axes) == 1 else names
        found = iter(self.indices[lengths])
        return array.behind(*(0 if dim == 1 else next(found) for dim in leading))

    def _moved(self, array: Array) -> Array:
        """Return an array's rows from the first of the piece on."""
        shape = (_HEIGHT, *array.shape[1:])
        if array.literal is not None:
            return replace(array, shape=shape)
        stride = array.strides[0]
        start = array.pointer if stride == 0 else (array.pointer + self.top * stride).grouped
        return replace(array, pointer=start, shape=shape)

    def _room(self, value: Value) -> Array:
        """Return the rows of a value that is kept for the piece."""
        chain = self.chain
        start = chain.rooms[value] * (chain.height * chain.stride)
        return Array(self.kept, chain.dtype, (_HEIGHT, chain.columns), (chain.stride, 1), start)

    def _rows_of(self, value: Value) -> Array:
        """Return the rows of the piece in one of several matrices."""
        array = self.place(value)
        array = array.broadcast_to((*self._leading_of(value), *array.shape[-2:]))
        return self._moved(self._matrix(array, self._leading_of(value)))

    def _leading_of(self, value: Value) -> Shape:
        """Return the leading axes of the product that reads or gives a value."""
        chain, graph = self.chain, self.plan.graph
        first = graph.nodes[chain.first]
        is_first = value in first.operands or value in graph.results(first)
        shape = first.types[0].shape if is_first else graph.nodes[chain.last].types[0].shape
        return shape[:-2]

    # ------------------------------------------------------------------ steps

    def _left(self) -> Array:
        """Return the left matrix of the last product."""
        value = self.plan.graph.nodes[self.chain.last].operands[0]
        return self._room(value) if value in self.chain.rooms else self._rows_of(value)

    def _packing(self) -> list[Code]:
        """Return the statements that bring the right matrices of a piece into strips, where those are not there yet."""
        lines: list[Code] = []
        for position, index in enumerate((self.chain.first, self.chain.last)):
            if self.chain.strips[position] != 0:
                lines.append(execute(pack_strips(self.unit, self._right(index), self._strips(position))))
        return (
            [when(infix("!=", self.packed, self.matrix), [*lines, assign(self.packed, self.matrix)])] if lines else []
        )

    def _strips(self, position: int) -> Expression:
        """Return the pointer to the strips of the first or the last product's right matrix."""
        chain = self.chain
        return self.kept + (chain.kept if position == 0 else chain.kept + chain.strips[0])

    def _right(self, index: int) -> Array:
        """Return the right matrix of a product."""
        node = self.plan.graph.nodes[index]
        leading, right = node.types[0].shape[:-2], self.place(node.operands[1])
        return self._matrix(right.broadcast_to((*leading, *right.shape[-2:])), leading)

    def _product(self, index: int, left: Array) -> Sequence[Code]:
        """Return a product of the piece's rows."""
        node = self.plan.graph.nodes[index]
        (result,) = self.plan.graph.results(node)
        leading = node.types[0].shape[:-2]
        y, suffix = self._right(index), SUFFIXES[result.dtype]
        z = self._room(result) if result in self.chain.rooms else self._moved(self._matrix(self.place(result), leading))
        given = (left.address, *left.strides, y.address, *y.strides, z.address, z.strides[0])
        position = 0 if index == self.chain.first else 1
        if self.chain.strips[position] != 0:
            strips, rows = self._strips(position), self.chain.rows
            sizes, packed = (rows, _HEIGHT, *y.shape), (strips, *bias_arguments(None))
            call = self.unit.call(f"nnc_prepacked_part_{suffix}", RUN, *sizes, *given, *packed)
        else:
            call = self.unit.linkage.product(self.unit.call, suffix, _HEIGHT, *y.shape, *given, FALSE)
        return [execute(call)]

    def _rows(self) -> list[Code]:
        """Return the loops over the piece's rows."""
        chain, plan = self.chain, self.plan

        def place(value: Value, of_rows: bool) -> Array:
            if value in chain.rooms:
                return self._room(value)
            array = seen_by_rows(self.place(value), chain.nest, of_rows)
            leading = chain.nest.shape[:-2]
            if array.literal is not None:
                return array
            return self._moved(self._matrix(array, leading))

        def in_memory(value: Value) -> bool:
            return value in chain.rooms or not plan.storage.homes[value].register

        nest = replace(chain.nest, shape=(_HEIGHT, chain.columns))
        readers = plan.storage.readers
        return RowPrinter(plan.graph, nest, readers, place, in_memory, self.unit, plan.names, is_shared=False).lines()
