"""Nests of rows: loops over each row with reductions in them, such as softmax and layer normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels import EXPRESSIONS, Unit
from nnc.backends.c.kernels.reduction import largest_of, largest_update
from nnc.backends.c.nests import Axes, can_vectorise, indented, loop_head
from nnc.backends.c.sharing import parallel_nest
from nnc.backends.c.text import C_TYPES, dim_text, value_text
from nnc.ir import Graph, Node, Shape, Value
from nnc.ops.reduction import Sum
from nnc.plan.nests import Nest

EXACT_ROW = 2048
"""Longest row whose float32 sum is added in float32, in as many parts as a vector has elements."""


@dataclass
class _Loop:
    """One loop over a row.

    Attributes:
        before: statements in front of it.
        body: statements of an element.
        clauses: what is reduced, by operator.
        after: statements behind it.
    """

    before: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    clauses: dict[str, list[str]] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)

    def lines(self, length: str, simd: bool) -> list[str]:
        """Return the statements.

        Args:
            length: of the row.
            simd: whether elements may be worked on side by side.
        """
        if not self.body:
            return [*self.before, *self.after]
        clauses = "".join(f" reduction({sign}:{','.join(names)})" for sign, names in self.clauses.items())
        head = f"for (int64_t j = 0; j < {length}; j++) {{"
        pragma = [f"#pragma omp simd{clauses}"] if simd else []
        return [*self.before, *pragma, head, *indented(self.body), "}", *self.after]


class RowPrinter:
    """Prints a nest of rows.

    Args:
        graph: the flat graph.
        nest: the steps.
        readers: steps that read each value.
        array: where a value lies.
        in_memory: whether a result has to be written.
        unit: where names and functions come from.
        names: printable names of the graph's values.
    """

    def __init__(
        self,
        graph: Graph,
        nest: Nest,
        readers: Mapping[Value, set[int]],
        array: Callable[[Value], Array],
        in_memory: Callable[[Value], bool],
        unit: Unit,
        names: Mapping[Value, str],
    ) -> None:
        self.graph, self.nest, self.unit = graph, nest, unit
        self.nodes = [graph.nodes[index] for index in nest.steps]
        self.registers: dict[Value, str] = {}
        self.local: dict[Value, str] = {}
        self.arrays: dict[tuple[Value, bool], Array] = {}
        for node in self.nodes:
            (result,) = graph.results(node)
            self.registers[result] = unit.name(value_text(result, names))
            if in_memory(result):
                self._add(result, array(result), node.index in nest.whole)
            elif nest.crosses(node.index, readers.get(result, set())):
                self.local[result] = unit.name(f"{self.registers[result]}_row")
        for node in self.nodes:
            for operand in node.operands:
                if operand not in self.registers:
                    self._add(operand, array(operand), self._is_of_rows(node))
        outer = nest.shape[:-1]
        self.axes = Axes.joined(outer, [self._outside(array) for array in self.arrays.values()])
        strides = dict(zip(self.arrays, self.axes.strides, strict=True))
        self.names = [f"i{axis}" for axis in range(len(self.axes.shape))]
        rows = {key: self._row(found, strides[key]) for key, found in self.arrays.items()}
        self.elements = {key: row.at(*self.names, "j") for key, row in rows.items()}
        self.simd = can_vectorise(list(rows.values()), -1)

    def _is_of_rows(self, node: Node) -> bool:
        """Whether a step works on all elements of a row."""
        return node.index in self.nest.whole or not node.op.elementwise

    def _add(self, value: Value, array: Array, of_rows: bool) -> None:
        shape = self.nest.shape
        if not of_rows and array.rank == len(shape):
            shape = (*shape[:-1], 1)
        elif not of_rows:
            shape = shape[:-1]
        self.arrays[value, of_rows] = array if array.literal is not None else array.broadcast_to(shape)

    def _outside(self, array: Array) -> Array:
        """Return an array as the loops around the rows see it."""
        rank = len(self.nest.shape) - 1
        if array.literal is not None:
            return Array("", array.dtype, self.nest.shape[:-1], (0,) * rank, literal=array.literal)
        return Array(array.pointer, array.dtype, array.shape[:rank], array.strides[:rank], array.offset)

    def _row(self, array: Array, strides: Shape) -> Array:
        """Return an array as the loops over the rows and in them see it."""
        rank = len(self.nest.shape) - 1
        is_row = array.literal is None and array.rank > rank and array.shape[rank] != 1
        inner = array.strides[rank] if is_row else 0
        shape = (*self.axes.shape, self.nest.shape[-1])
        return Array(array.pointer, array.dtype, shape, (*strides, inner), array.offset, array.literal)

    def lines(self) -> list[str]:
        """Return the loops."""
        loops = [_Loop() for _ in range(max(self.nest.loops) + 1)]
        for node, number in zip(self.nodes, self.nest.loops, strict=True):
            (result,) = self.graph.results(node)
            loop = loops[number]
            operands = [self._operand(value, node, number) for value in node.operands]
            if not node.op.elementwise:
                self._reduce(node, operands[0], result, loop)
                continue
            types = [value.dtype for value in node.operands]
            text = EXPRESSIONS[type(node.op)](node.op, operands, types, result.dtype, self.unit)
            target = loop.body if node.index in self.nest.whole else loop.after
            target.append(f"const {C_TYPES[result.dtype]} {self.registers[result]} = {text};")
            self._store(result, node.index in self.nest.whole, target)
        length = dim_text(self.nest.shape[-1])
        rows = [f"{C_TYPES[value.dtype]} {name}[{length}];" for value, name in self.local.items()]
        lines = [*rows, *(line for loop in loops for line in loop.lines(length, self.simd))]
        for axis in reversed(range(len(self.axes.shape))):
            lines = [f"{loop_head(self.names[axis], self.axes.shape[axis])} {{", *indented(lines), "}"]
        if not self.axes.shape:
            return ["{", *indented(lines), "}"]
        return [*parallel_nest((*self.axes.shape, self.nest.shape[-1])), *lines]

    def _operand(self, value: Value, node: Node, number: int) -> str:
        if value not in self.registers:
            return self.elements[value, self._is_of_rows(node)]
        earlier = value.index in self.nest.whole and self.nest.loop(value.index) != number
        if not earlier:
            return self.registers[value]
        return f"{self.local[value]}[j]" if value in self.local else self.elements[value, True]

    def _store(self, result: Value, of_rows: bool, lines: list[str]) -> None:
        if result in self.local:
            lines.append(f"{self.local[result]}[j] = {self.registers[result]};")
        elif (result, of_rows) in self.elements:
            lines.append(f"{self.elements[result, of_rows]} = {self.registers[result]};")

    def _reduce(self, node: Node, operand: str, result: Value, loop: _Loop) -> None:
        name, type, length = self.registers[result], C_TYPES[result.dtype], self.nest.shape[-1]
        total = self.unit.name(f"{name}_total")
        if isinstance(node.op, Sum):
            exact = self.simd and isinstance(length, int) and length <= EXACT_ROW
            loop.before.append(f"{type if exact else 'double'} {total} = 0;")
            loop.clauses.setdefault("+", []).append(total)
            loop.body.append(f"{total} += {operand};")
            loop.after.append(f"const {type} {name} = {total if exact else f'({type}){total}'};")
        else:
            seen = self.unit.name(f"{name}_seen")
            loop.before += [f"{type} {total} = -INFINITY;", f"int {seen} = 0;"]
            loop.clauses.setdefault("max", []).append(total)
            loop.clauses.setdefault("|", []).append(seen)
            loop.body += largest_update(operand, total, seen, result.dtype)
            loop.after.append(f"const {type} {name} = {largest_of(total, seen)};")
        self._store(result, False, loop.after)
