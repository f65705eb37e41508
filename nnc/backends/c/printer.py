"""Prints the steps of a scope, and of the loops in it, as statements under the IR lines they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from nnc.backends.c.arrays import Array
from nnc.backends.c.batch_loop import can_feed, write_epochs, write_feed
from nnc.backends.c.bounded_bias import bounded_bias
from nnc.backends.c.chains import ChainPrinter
from nnc.backends.c.columns import ColumnSum, write_column_sums
from nnc.backends.c.elementwise_steps import assignments, elementwise_steps
from nnc.backends.c.expressions import FLOOR_DIVIDE, Expression, number, variable
from nnc.backends.c.kernels import KERNELS, KernelCall, Unit
from nnc.backends.c.kernels.elementwise import takes_power
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.kernels.registry import Fused
from nnc.backends.c.lanes import LaneLoopPrinter
from nnc.backends.c.linkage import Linkage
from nnc.backends.c.loops import LoopWriter
from nnc.backends.c.marks import mark_line
from nnc.backends.c.milestones import finish
from nnc.backends.c.nests import Element, Elementwise
from nnc.backends.c.places import is_uniform
from nnc.backends.c.regions import Candidate, Region, RegionFunctions
from nnc.backends.c.rows import RowPrinter, seen_by_rows
from nnc.backends.c.stages import has_stages, write_stages
from nnc.backends.c.statements import Code, Facts, Statement, pointer, remark, written
from nnc.backends.c.text import C_TYPES, MEMORY_TYPES, comment, symbol_text, value_text
from nnc.backends.marks import EMPTY, OUTSIDE, Marks, TimedBlock
from nnc.ir import Constant, Layout, Node, Value
from nnc.ir.names import name_text
from nnc.ir.printer import node_line
from nnc.plan import Home, Plan, Position, is_step
from nnc.plan.chains import Chain
from nnc.plan.lanes import LaneLoop
from nnc.plan.nests import Nest
from nnc.plan.plan import LoopPlan

Together = Nest | Chain | LaneLoop
"""Steps that run together."""


@dataclass
class Function:
    """State shared by the scopes of a function: its own and the bodies of its loops.

    Attributes:
        unit: what the function belongs to.
        regions: its parts that are functions of their own.
        marks: filled with its blocks, where these are marked.
        offsets: where in their memory prepacked operands begin, by step.
        declarations: the pointers that stand at its beginning.
        states: labels and declarations of the pointers to states, by name.
        packing: statements that pack operands.
    """

    unit: Unit
    regions: RegionFunctions
    marks: Marks | None = None
    offsets: Mapping[Position, int] = field(default_factory=dict)
    declarations: list[Statement] = field(default_factory=list)
    states: dict[str, tuple[str, Statement]] = field(default_factory=dict)
    packing: list[Code] = field(default_factory=list)

    @property
    def linkage(self) -> Linkage:
        """The source of its pointers."""
        return self.unit.linkage

    def prepack(self, name: str) -> tuple[list[str], tuple[str, ...]]:
        """Return the function that packs operands, which has ``_prepack`` behind the name, and labels of its states."""
        if not self.packing:
            return [], ()
        uses = Facts.of(self.packing).uses
        read = [found for name, found in self.states.items() if name in uses]
        lines = [
            comment("Packs weights as kernels read them: to be called when they have changed, before the next run."),
            f"void {name}_prepack(const nnc_run *run)",
            "{",
            *written([*(declaration for _, declaration in read), *self.packing], self.linkage.pragma),
            "}",
            "",
        ]
        return lines, tuple(label for label, _ in read)


class Feed(NamedTuple):
    """The functions that run several batches.

    Args:
        lines: their text, none where there are no such functions.
        runs_epochs: whether there is one for whole epochs.
    """

    lines: Sequence[str] = ()
    runs_epochs: bool = False


class Printer:
    """Prints one scope.

    Args:
        plan: the plan of the scope.
        function: the function it belongs to.
        path: steps of the scans around the scope.
        windows: pointers to what moves with time, by label of the state in the plan of a loop's body.
        first_row: variable with the row that the body's own values are computed from, or None.

    Attributes:
        moved: declarations of the pointers to that row.
        lines: statements of the steps.
        starts: numbers of the statements that a part begins with; no part declares anything for another.
        facts: about the whole function, once it is printed.
    """

    def __init__(
        self,
        plan: Plan,
        function: Function,
        path: tuple[int, ...] = (),
        windows: dict[str, Array] | None = None,
        first_row: Expression | None = None,
    ) -> None:
        self.plan = plan
        self.function = function
        self.unit = function.unit
        self.path = path
        self.windows = windows
        self.first_row = first_row
        self.region: Region | None = None
        self.calls: Mapping[int, Code] = {}
        self.moved: list[Code] = []
        self.pointers: dict[object, Expression] = {}
        self.registers: dict[Value, Expression] = {}
        self.lines: list[Code] = []
        self.starts: list[int] = []
        self.facts = Facts()

    def body(self) -> None:
        """Print a whole function, as `heads` and `parts`."""
        symbols = self.plan.source.symbols
        self.unit.taken.update(symbol_text(symbol) for symbol in symbols)
        self.print_steps()
        if self.function.marks is not None:
            self.lines += [mark_line(EMPTY), mark_line(OUTSIDE)]
        self.facts = Facts.of([*self.heads, *self.lines, *self.function.regions.code])
        if FLOOR_DIVIDE in self.facts.uses:
            self.unit.call(FLOOR_DIVIDE)

    @property
    def heads(self) -> list[Statement]:
        """The declarations at the beginning of a function: sizes, then pointers."""
        sizes = [self.function.linkage.size(symbol) for symbol in self.plan.source.symbols]
        return [*sizes, *self.function.declarations]

    @property
    def parts(self) -> list[list[Code]]:
        """The statements of a function, step by step."""
        return [self.lines[start:end] for start, end in pairwise([0, *self.starts, len(self.lines)])]

    def feed(self, name: str) -> Feed:
        """Print the functions for several batches, where inputs are rows; `body` is printed already."""
        inputs = list(self.plan.graph.inputs.values())
        if not can_feed(inputs):
            return Feed()
        self.pointers, self.function.declarations = {}, []
        for value in inputs:
            self.array(value)
        lines = write_feed(name, self.heads, inputs, self.array, self.unit, self.facts)
        runs_epochs = bool(self.plan.graph.updates) and not self.facts.may_fail
        return Feed([*lines, *write_epochs(name, self.unit)] if runs_epochs else lines, runs_epochs)

    # ------------------------------------------------------------------ values

    def array(self, value: Value) -> Array:
        """Return where a value lies, as the region that is being printed sees it."""
        return self._seen(self._array(value), value in self.region.results if self.region else False)

    def _seen(self, array: Array, is_written: bool) -> Array:
        return array if self.region is None else self.region.array(array, is_written)

    def _array(self, value: Value) -> Array:
        storage = self.plan.storage
        home = storage.homes[value]
        if home.register:
            return Array.filled(self.registers[value], value.dtype, value.shape)
        if home.constant:
            return self._constant(value)
        layout = storage.layouts[value]
        if home.state is not None:
            if self.windows is not None:
                return self._inside(self.windows[home.state], layout, value.dtype)
            return Array.of(self._state(home.state), value.dtype, layout)
        assert home.buffer is not None
        return Array.of(self._buffer(home.buffer, value.dtype), value.dtype, layout)

    @staticmethod
    def _inside(window: Array, layout: Layout, dtype: str) -> Array:
        if window.is_uniform:
            return Array(window.pointer, dtype, layout.shape, (0,) * len(layout.shape), window.offset, window.literal)
        offset = window.offset + layout.offset
        return Array(window.pointer, dtype, layout.shape, layout.strides, offset)

    def _state(self, label: str) -> Expression:
        if label not in self.pointers:
            name = self.function.unit.name(label)
            self.pointers[label] = variable(name)
            type = self.plan.graph.states[label].type
            declaration = self.function.linkage.state(label, type, name)
            self.function.declarations.append(declaration)
            self.function.states[name] = label, declaration
        return self.pointers[label]

    def _buffer(self, index: int, dtype: str) -> Expression:
        key = index, dtype
        if key not in self.pointers:
            buffer = self.plan.storage.buffers[index]
            name = self.function.unit.name(buffer.name or self._first_in(index))
            self.pointers[key] = variable(name)
            declaration = self.function.linkage.buffer((self.path, index), dtype, name)
            if declaration is not None:
                self.function.declarations.append(declaration)
            if self.first_row is not None:
                self.pointers[key] = self._moved(index, dtype, name, self.first_row)
        return self.pointers[key]

    def _moved(self, buffer: int, dtype: str, name: str, row: Expression) -> Expression:
        """Return the pointer to the first row of a block in a buffer."""
        (type, *_) = (value.type for value in self.plan.storage.inhabitants[Home(buffer=buffer)])
        moved = variable(self.function.unit.name(f"{name}_rows"))
        start = variable(name) + row * type.with_shape(type.shape[1:]).size
        self.moved.append(pointer(MEMORY_TYPES[dtype], moved, start))
        return moved

    def _first_in(self, buffer: int) -> str:
        """Return the name of the first result that lies in a buffer; for a workspace, the number of the buffer."""
        values = self.plan.storage.inhabitants.get(Home(buffer=buffer), ())
        first = min(values, key=lambda value: value.index, default=None)
        return f"v{buffer}" if first is None else value_text(first, self.plan.names)

    def _constant(self, value: Value) -> Array:
        node, linkage = value.node, self.function.linkage
        if isinstance(node.op, Constant) and len(node.op.data) == 1:
            literal: Expression | None = number(node.op.data[0], value.dtype)
        else:
            literal = linkage.literal(self.path, value)
        if literal is not None:
            return Array.filled(literal.atom, value.dtype, value.shape)
        if value not in self.pointers:
            name = self.function.unit.name(value.name or node.op.name)
            self.pointers[value] = variable(name)
            self.function.declarations.append(linkage.constant(self.path, value, name))
        if is_uniform(value):
            return Array(self.pointers[value], value.dtype, value.shape, (0,) * value.rank)
        return Array.of(self.pointers[value], value.dtype, Layout.dense(value.shape))

    # ------------------------------------------------------------------ steps

    def print_steps(self) -> None:
        """Print all steps, then the copies of new states that could not be computed in place."""
        plan = self.plan
        if not self.path:
            self.calls = self.function.regions.define(self._candidates(), self._apart)
        titles: dict[Together, list[str]] = {}
        for group in plan.groups:
            title = node_line(group.node, plan.line_names, with_body=False)
            is_written = False
            for index in (index for index in group.steps if is_step(plan, index)):
                together = self._together(index)
                if together is not None:
                    several = titles.setdefault(together, [])
                    if title not in several:
                        several.append(title)
                    if index == together.span[-1]:
                        self.starts.append(len(self.lines))
                        self.lines += [*self._mark(together.span, several), *map(remark, several)]
                        self.lines += self._part(index)
                        self._milestone(index)
                    continue
                lines = self._marked(index, title)
                if lines:
                    self.starts.append(len(self.lines))
                    self.lines += [*([] if is_written else [remark(title)]), *lines]
                    is_written = True
                self._milestone(index)
        for label, value in plan.storage.copies:
            target, source = self.array(plan.graph.states[label]), self.array(value)
            title = f"update @{name_text(label)}"
            self.starts.append(len(self.lines))
            self.lines += [*self._mark((), [title]), remark(title), *copy_lines(target, source)]

    def _milestone(self, index: int) -> None:
        """Say, behind a step, that pieces of the outputs are finished."""
        if index in self.plan.milestones:
            self.lines.append(finish(self.plan.milestones[index]))

    def _marked(self, index: int, title: str) -> Sequence[Code]:
        """Return the statements of a step, with a mark before them."""
        if index in self.plan.loops:
            return [*self._mark((index,), [title]), *self._step(index)]
        lines = self._part(index)
        return [*self._mark((index,), [title]), *lines] if lines else lines

    def _mark(self, steps: tuple[int, ...], titles: Sequence[str]) -> list[Code]:
        """Return what stands before a block."""
        if self.function.marks is None:
            return []
        block = TimedBlock(self.plan, self.path, steps, " ; ".join(titles))
        return [mark_line(self.function.marks.number(block))]

    def _together(self, index: int) -> Together | None:
        """Return the steps that a step runs together with."""
        storage = self.plan.storage
        return storage.lane_loops.get(index) or storage.chains.get(index) or storage.nests.get(index)

    def _candidates(self) -> Iterator[Candidate]:
        """Yield the chains, the nests and the steps by themselves, without loops over time."""
        plan, graph = self.plan, self.plan.graph
        for index in (index for group in plan.groups for index in group.steps if is_step(plan, index)):
            together = self._together(index)
            if index not in plan.loops and (together is None or index == together.span[-1]):
                nodes = [graph.nodes[step] for step in ((index,) if together is None else together.span)]
                yield Candidate(index, nodes, {result for node in nodes for result in graph.results(node)})

    def _apart(self, candidate: Candidate, region: Region) -> Sequence[Code]:
        """Return the statements of a candidate in a region."""
        unit, self.unit, self.region = self.unit, region.unit, region
        try:
            for value in candidate.nodes[0].operands:  # an epilogue is printed before what comes first
                self.array(value)
            return self._statements(candidate.step)
        finally:
            self.unit, self.region = unit, None

    def _part(self, index: int) -> Sequence[Code]:
        """Return the statements of a step, or of the nest or chain that ends with it."""
        return [self.calls[index]] if index in self.calls else self._statements(index)

    def _statements(self, index: int) -> Sequence[Code]:
        together = self._together(index)
        if together is None:
            return self._step(index)
        if isinstance(together, Chain):
            return ChainPrinter(self.plan, together, self.array, self._workspace(index)[0], self.unit).lines()
        if isinstance(together, LaneLoop):
            return self._lane_loop(together)
        return self._rows(together) if together.rows else self._nest(together)

    def _lane_loop(self, together: LaneLoop) -> list[Code]:
        """A loop over rows of replicas, and what runs behind it."""
        lines = LaneLoopPrinter(self.plan, together, self.array, self.unit).lines()
        for index in together.behind:
            nest = self.plan.storage.nests.get(index)
            if nest is None:
                lines += self._step(index)
            elif index == nest.steps[-1]:
                lines += self._nest(nest)
        return lines

    def _nest(self, nest: Nest) -> Sequence[Code]:
        """One loop nest for several elementwise steps; the product at their head runs it block by block."""
        nodes = [self.plan.graph.nodes[index] for index in nest.steps if index not in nest.columns]
        adding = [self.plan.graph.nodes[index] for index in nest.steps if index in nest.columns]
        shape = nest.shape if adding else nodes[0].types[0].shape
        read: dict[Value, Array] = {}
        stored: dict[Value, Array] = {}
        inside = {self.plan.graph.results(node)[0] for node in nodes}
        for node in (*nodes, *adding):
            for operand in node.operands:
                if operand not in inside and operand not in read:
                    read[operand] = self.array(operand).broadcast_to(shape)
        for node in nodes:
            (result,) = self.plan.graph.results(node)
            self.registers[result] = variable(self.unit.name(value_text(result, self.plan.names)))
            if not self.plan.storage.homes[result].register:
                stored[result] = self.array(result)
        arrays = {value: array for value, array in read.items() if array.literal is None}
        steps = elementwise_steps(self.plan, nodes, read, self.registers)  # what is the same in each iteration
        assigned = partial(assignments, steps, self.registers, stored, self.unit)

        def body(element: Element) -> list[Code]:
            return [line for item in assigned(element, {}) for line in item.lines]

        if adding:
            ends = [(node.operands[0], *self.plan.graph.results(node)) for node in adding]
            sums = [ColumnSum(read[x] if x in read else self.registers[x], self.array(y)) for x, y in ends]
            return write_column_sums(Elementwise(shape, (*arrays.values(), *stored.values()), body), sums, self.unit)
        product = None if nest.head is None else self.plan.graph.results(self.plan.graph.nodes[nest.head])[0]
        head = None if product is None else arrays.get(product)
        seen = (*arrays.values(), *stored.values())
        loops = None
        deep = [step.result for step in steps if takes_power(step.op, step.result.dtype)]
        if deep and has_stages(shape, seen):
            powers = {result: variable(self.unit.name(f"{self.registers[result].text}_power")) for result in deep}
            loops = tuple(write_stages(shape, seen, partial(assigned, powers=powers)))
        bounded = None if product is None or head is None else bounded_bias(nodes, product, read, stored)
        elementwise = Elementwise(shape, seen, body, head, loops, bounded)
        return elementwise.everywhere() if nest.head is None else self._step(nest.head, elementwise)

    def _rows(self, nest: Nest) -> list[Code]:
        """Loops over rows for steps some of which reduce them."""
        storage = self.plan.storage

        def place(value: Value, of_rows: bool) -> Array:
            return seen_by_rows(self.array(value), nest, of_rows)

        def in_memory(value: Value) -> bool:
            return not storage.homes[value].register

        plan = self.plan
        return RowPrinter(plan.graph, nest, storage.readers, place, in_memory, self.unit, plan.names).lines()

    def _step(self, index: int, epilogue: Elementwise | None = None) -> Sequence[Code]:
        node = self.plan.graph.nodes[index]
        if index in self.plan.loops:
            return self._loop(node, self.plan.loops[index])
        call = self._call(node, epilogue)
        written = KERNELS[type(node.op)].write(replace(call, prepacked=self._prepacked(node)))
        if isinstance(written, Fused):
            return written.lines
        return written if epilogue is None else [*written, *epilogue.everywhere()]

    def _call(self, node: Node, epilogue: Elementwise | None = None) -> KernelCall:
        return KernelCall(
            op=node.op,
            operands=tuple(self.array(value) for value in node.operands),
            results=tuple(self.array(value) for value in self.plan.graph.results(node)),
            workspace=self._workspace(node.index),
            unplaced=self.plan.storage.unplaced.get(node.index, ()),
            unit=self.unit,
            epilogue=epilogue,
        )

    def _workspace(self, index: int) -> tuple[Array, ...]:
        """Return what a step needs beside operands and results."""
        found = []
        for buffer, kind in self.plan.storage.workspaces.get(index, ()):
            array = Array.of(self._buffer(buffer, kind.dtype), kind.dtype, Layout.dense(kind.shape))
            found.append(self._seen(array, True))
        return tuple(found)

    def _prepacked(self, node: Node) -> Expression | None:
        """Return the pointer to what was packed for a step, None where nothing was."""
        found = self.plan.storage.prepacked.get(node.index)
        pack = KERNELS[type(node.op)].pack
        if found is None or pack is None:
            return None
        key, region = ("prepacked", node.index), self.region
        if key not in self.pointers:
            value, kind = node.operands[found.operand], C_TYPES[found.type.dtype]
            name = variable(self.function.unit.name(f"{value_text(value, self.plan.names)}_packed"))
            start = variable("run->prepacked") + self.function.offsets[self.path, node.index]
            address = start.cast(f"{kind} *")
            self.function.declarations.append(pointer(f"const {kind}", name, address))
            self.pointers[key] = name
            self.region = None  # what is packed is no part of it
            self.function.packing += pack(self._call(node), address)
            self.region = region
        name = self.pointers[key]
        return name if region is None else region.pointer(name, found.type.dtype)

    def _loop(self, node: Node, loop: LoopPlan) -> Sequence[Code]:
        """A loop over time; what it reads and writes in a step are windows on the stacks."""
        operands = [self.array(value) for value in node.operands]
        results = [self.array(value) for value in self.plan.graph.results(node)]

        writer = LoopWriter(loop, operands, results, self.unit, is_shared=self.function.marks is None)
        inner = Printer(loop.plan, self.function, (*self.path, node.index), writer.windows, writer.first)
        inner.print_steps()
        return writer.lines(inner.lines, inner.moved)
