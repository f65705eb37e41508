"""Nests of rows: loops over each row with reductions in them, such as softmax and layer normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, choice, infix, number, operand, variable
from nnc.backends.c.kernels import EXPRESSIONS, Unit
from nnc.backends.c.kernels.reduction import largest_of, largest_update
from nnc.backends.c.nests import Axes, can_vectorise
from nnc.backends.c.statements import Code, Directive, array, assign, block, declare, loop
from nnc.backends.c.text import C_TYPES, MEMORY_TYPES, SUFFIXES, value_text
from nnc.backends.c.thread_counts import shared_nest
from nnc.ir import Graph, Node, Shape, Value
from nnc.ir.ops.arithmetic import Divide, Subtract
from nnc.ir.ops.exponential import Exponential
from nnc.ir.ops.reduction import Max, Sum
from nnc.plan.nests import Nest

EXACT_PART = 2048
"""Most elements of a row that are added in their own type, in as many lanes as a vector has; longer rows have parts."""


_COLUMN, _FIRST, _END = map(variable, ("j", "first", "end"))


@dataclass
class _Loop:
    """One loop over a row.

    Attributes:
        before: statements in front of it.
        body: statements of an element.
        reductions: variables that elements are combined in, by operator.
        parts: sums of a part of the row, each with its type and what it is added to.
        after: statements behind it.
    """

    before: list[Code] = field(default_factory=list)
    body: list[Code] = field(default_factory=list)
    reductions: dict[str, list[Expression]] = field(default_factory=dict)
    parts: list[tuple[str, Expression, Expression]] = field(default_factory=list)
    after: list[Code] = field(default_factory=list)

    def lines(self, length: Expression, simd: bool) -> list[Code]:
        """Return the statements.

        Args:
            length: of the row.
            simd: whether elements may be worked on side by side.
        """
        if not self.body:
            return [*self.before, *self.after]
        directive = Directive(is_simd=True, reductions=self.reductions) if simd else None
        if not self.parts:
            return [*self.before, loop(_COLUMN, length, self.body, directive), *self.after]
        is_last = infix("<", length - _FIRST, EXACT_PART)
        part = [
            declare("const int64_t", _END, choice(is_last, length, _FIRST + EXACT_PART)),
            *(declare(type, part, 0) for type, part, _ in self.parts),
            loop(_COLUMN, _END, self.body, directive, start=_FIRST),
            *(assign(total, part, sign="+=") for _, part, total in self.parts),
        ]
        return [*self.before, loop(_FIRST, length, part, step=EXACT_PART), *self.after]


def seen_by_rows(array: Array, nest: Nest, of_rows: bool) -> Array:
    """Return an array as loops over rows see it.

    Args:
        array: where a value lies.
        nest: the rows.
        of_rows: whether an element is needed for each of a row, or one for each row.
    """
    shape = nest.shape
    if not of_rows:
        shape = (*shape[:-1], 1) if array.rank == len(shape) else shape[:-1]
    return array if array.literal is not None else array.broadcast_to(shape)


class RowPrinter:
    """Prints a nest of rows.

    Args:
        graph: the flat graph.
        nest: the steps.
        readers: steps that read each value.
        place: where a value lies, as the loops see it; see `seen_by_rows`.
        in_memory: whether a result has to be written.
        unit: where names and functions come from.
        names: printable names of the graph's values.
        is_shared: whether threads may share the rows.
    """

    def __init__(
        self,
        graph: Graph,
        nest: Nest,
        readers: Mapping[Value, set[int]],
        place: Callable[[Value, bool], Array],
        in_memory: Callable[[Value], bool],
        unit: Unit,
        names: Mapping[Value, str],
        is_shared: bool = True,
    ) -> None:
        self.graph, self.nest, self.unit, self.place, self.is_shared = graph, nest, unit, place, is_shared
        self.nodes = [graph.nodes[index] for index in nest.steps]
        self.registers: dict[Value, Expression] = {}
        self.local: dict[Value, Expression] = {}
        self.arrays: dict[tuple[Value, bool], Array] = {}
        for node in self.nodes:
            (result,) = graph.results(node)
            self.registers[result] = variable(unit.name(value_text(result, names)))
            if in_memory(result):
                self._add(result, node.index in nest.whole)
            elif nest.crosses(node.index, readers.get(result, set())):
                self.local[result] = variable(unit.name(f"{self.registers[result].text}_row"))
        for node in self.nodes:
            for value in node.operands:
                if value not in self.registers:
                    self._add(value, self._is_of_rows(node))
        outer = nest.shape[:-1]
        self.axes = Axes.joined(outer, [self._outside(array) for array in self.arrays.values()])
        strides = dict(zip(self.arrays, self.axes.strides, strict=True))
        self.names = [variable(f"i{axis}") for axis in range(len(self.axes.shape))]
        rows = {key: self._row(found, strides[key]) for key, found in self.arrays.items()}
        self.elements = {key: row.at(*self.names, _COLUMN) for key, row in rows.items()}
        self.simd = can_vectorise(list(rows.values()), -1)

    def _is_of_rows(self, node: Node) -> bool:
        """Whether a step works on all elements of a row."""
        return node.index in self.nest.whole or not node.op.elementwise

    def _add(self, value: Value, of_rows: bool) -> None:
        self.arrays[value, of_rows] = self.place(value, of_rows)

    def _outside(self, array: Array) -> Array:
        """Return an array as the loops around the rows see it."""
        rank = len(self.nest.shape) - 1
        if array.literal is not None:
            return Array.filled(array.literal, array.dtype, self.nest.shape[:-1])
        return Array(array.pointer, array.dtype, array.shape[:rank], array.strides[:rank], array.offset)

    def _row(self, array: Array, strides: Shape) -> Array:
        """Return an array as the loops over the rows and in them see it."""
        rank = len(self.nest.shape) - 1
        is_row = array.literal is None and array.rank > rank and array.shape[rank] != 1
        inner = array.strides[rank] if is_row else 0
        shape = (*self.axes.shape, self.nest.shape[-1])
        return Array(array.pointer, array.dtype, shape, (*strides, inner), array.offset, array.literal)

    def lines(self) -> list[Code]:
        """Return the loops."""
        loops = [_Loop() for _ in range(max(self.nest.loops) + 1)]
        for node, position in zip(self.nodes, self.nest.loops, strict=True):
            (result,) = self.graph.results(node)
            current = loops[position]
            operands = [self._operand(value, node, position) for value in node.operands]
            if not node.op.elementwise:
                self._reduce(node, operands[0], result, current)
                continue
            if self._is_softmax(node):
                total = node.operands[1]
                element = operands[0] * self._reciprocal(total, loops[self.nest.loop(total.index)])
            else:
                element = self._element(node, operands, result.dtype)
            target = current.body if node.index in self.nest.whole else current.after
            target.append(declare(f"const {C_TYPES[result.dtype]}", self.registers[result], element))
            self._store(result, node.index in self.nest.whole, target)
        length = operand(self.nest.shape[-1])
        lines: list[Code] = [array(MEMORY_TYPES[value.dtype], name, length) for value, name in self.local.items()]
        lines += [line for current in loops for line in current.lines(length, self.simd)]
        is_shared = self.is_shared and self.axes.shape
        depth = len(self.axes.shape)
        shared = shared_nest((*self.axes.shape, self.nest.shape[-1]), depth=depth) if is_shared else None
        for axis in reversed(range(len(self.axes.shape))):
            lines = [loop(self.names[axis], self.axes.shape[axis], lines, shared if axis == 0 else None)]
        return lines if self.axes.shape else [block(lines)]

    def _element(self, node: Node, operands: Sequence[Expression], dtype: str) -> Expression:
        """Return what a step gives."""
        if isinstance(node.op, Exponential) and self._is_below_largest(node.operands[0]):
            return self.unit.call(f"nnc_exp_below_{SUFFIXES[dtype]}", *operands)
        types = [value.dtype for value in node.operands]
        return EXPRESSIONS[type(node.op)](node.op, operands, types, dtype, self.unit)

    def _is_below_largest(self, value: Value) -> bool:
        """Whether the largest element of each row is subtracted from all of the row, as in softmax."""
        if not isinstance(value.node.op, Subtract):
            return False
        element, largest = value.node.operands
        is_of_row = largest in self.registers and isinstance(largest.node.op, Max)
        return is_of_row and largest.node.operands[0] == element

    def _is_softmax(self, node: Node) -> bool:
        """Whether a step divides such powers of e by the sum of their row, which is 1 at least."""
        if not isinstance(node.op, Divide):
            return False
        power, total = node.operands
        is_power = isinstance(power.node.op, Exponential) and self._is_below_largest(power.node.operands[0])
        is_of_row = total in self.registers and isinstance(total.node.op, Sum)
        return is_power and is_of_row and total.node.operands[0] == power

    def _reciprocal(self, value: Value, computed: _Loop) -> Expression:
        """Return the reciprocal of a row's number: a product takes a tenth of the time of a quotient.

        Args:
            value: the number.
            computed: the loop that it is computed behind.
        """
        name = variable(self.unit.name(f"{self.registers[value].text}_reciprocal"))
        quotient = infix("/", number(1, value.dtype), self.registers[value])
        computed.after.append(declare(f"const {C_TYPES[value.dtype]}", name, quotient))
        return name

    def _operand(self, value: Value, node: Node, number: int) -> Expression:
        if value not in self.registers:
            return self.elements[value, self._is_of_rows(node)]
        earlier = value.index in self.nest.whole and self.nest.loop(value.index) != number
        if not earlier:
            return self.registers[value]
        return self.local[value][_COLUMN] if value in self.local else self.elements[value, True]

    def _store(self, result: Value, of_rows: bool, lines: list[Code]) -> None:
        if result in self.local:
            lines.append(assign(self.local[result][_COLUMN], self.registers[result]))
        elif (result, of_rows) in self.elements:
            lines.append(assign(self.elements[result, of_rows], self.registers[result]))

    def _reduce(self, node: Node, element: Expression, result: Value, current: _Loop) -> None:
        name, type, length = self.registers[result], C_TYPES[result.dtype], self.nest.shape[-1]
        total = variable(self.unit.name(f"{name.text}_total"))
        if isinstance(node.op, Sum):
            is_short = isinstance(length, int) and length <= EXACT_PART
            sum, kind = total, type if self.simd and is_short else "double"
            if self.simd and not is_short and type != kind:
                sum = variable(self.unit.name(f"{name.text}_part"))
                current.parts.append((type, sum, total))
            current.before.append(declare(kind, total, 0))
            current.reductions.setdefault("+", []).append(sum)
            current.body.append(assign(sum, element, sign="+="))
            current.after.append(declare(f"const {type}", name, total if kind == type else total.cast(type)))
        else:
            seen = variable(self.unit.name(f"{name.text}_seen"))
            current.before += [declare(type, total, -variable("INFINITY")), declare("int", seen, 0)]
            current.reductions.setdefault("max", []).append(total)
            current.reductions.setdefault("|", []).append(seen)
            current.body += largest_update(element, total, seen, result.dtype)
            current.after.append(declare(f"const {type}", name, largest_of(total, seen)))
        self._store(result, False, current.after)
