"""Prints a plan as one C99 translation unit: a function, each block under the IR line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nnc.backends.c.arrays import Array
from nnc.backends.c.feeding import can_feed, write_feed
from nnc.backends.c.headers import sections
from nnc.backends.c.kernels import EXPRESSIONS, KERNELS, Call, Unit
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.loops import write_loop
from nnc.backends.c.nests import indented, write_nest
from nnc.backends.c.text import C_TYPES, identifier, number_text, symbol_text
from nnc.errors import MissingKernelError
from nnc.ir import Constant, Layout, Node, Op, TensorType, Value, value_names
from nnc.ir.printer import node_line
from nnc.ops.movement import BroadcastTo
from nnc.ops.sizes import Iota
from nnc.plan import Home, LoopPlan, Plan, is_step

PRELUDE = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What a run works on: filled in once, before the first call. */
typedef struct {
    char *arena;             /* all intermediate values */
    const int64_t *offsets;  /* where each buffer begins in the arena, in bytes */
    const int64_t *sizes;    /* run-time dimensions */
    void *const *states;     /* weights and all else that lives between runs */
    const void *const *constants;
    void *sgemm, *dgemm;     /* cblas_sgemm and cblas_dgemm, or NULL */
    int64_t is_wide;         /* whether these take integers of 64 bits */
    int64_t *fault;          /* where the run ended early: 1, an index, and the rows of the table that lacks it */
} nnc_run;
"""

Slot = tuple[tuple[int, ...], int]
"""A buffer: the steps of the scans it lies in, and its number in the innermost plan."""


@dataclass(frozen=True)
class Source:
    """Emitted source, and what `nnc_run` must be filled with.

    Attributes:
        text: the translation unit.
        name: the function's name.
        plan: what was printed.
        slots: the buffers in the order of ``offsets``.
        symbols: the run-time dimensions in the order of ``sizes``.
        states: labels in the order of ``states``.
        feeds: whether there is also a function for several batches, by the name with ``_batches`` behind it.
        constants: values, with the steps of the scans they lie in, in the order of ``constants``.
    """

    text: str
    name: str
    plan: Plan
    slots: tuple[Slot, ...]
    symbols: tuple[str, ...]
    states: tuple[str, ...]
    constants: tuple[tuple[tuple[int, ...], Value], ...]
    feeds: bool

    @property
    def may_fail(self) -> bool:
        """Whether a run may end early, with ``fault`` set."""
        return "run->fault" in self.text


def kernel_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Return what the C kernel of an op needs beside operands and results.

    Raises:
        MissingKernelError: there is no kernel for the op.
    """
    if type(op) in KERNELS:
        return KERNELS[type(op)].workspace(op, operands, results)
    if type(op) in EXPRESSIONS or type(op).view is not Op.view or op.arity == 0:
        return ()
    raise MissingKernelError(f"operation '{op.name}' has no C kernel; backend='numpy' has one, and 'auto' takes that")


def print_source(plan: Plan) -> Source:
    """Return the source of a plan. It does not depend on the sizes of run-time dimensions."""
    return _Printer(plan).print()


@dataclass
class _Shared:
    """What the scopes of a unit, the function and the bodies of its loops, have in common."""

    unit: Unit = field(default_factory=Unit)
    slots: list[Slot] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    constants: list[tuple[tuple[int, ...], Value]] = field(default_factory=list)
    declarations: list[str] = field(default_factory=list)


class _Printer:
    """Prints one scope.

    Args:
        plan: the plan of the scope.
        shared: what belongs to the unit.
        path: steps of the scans around the scope.
        windows: pointers to what moves with time, by label of the state in the plan of a loop's body.
    """

    def __init__(
        self,
        plan: Plan,
        shared: _Shared | None = None,
        path: tuple[int, ...] = (),
        windows: dict[str, Array] | None = None,
    ) -> None:
        self.plan = plan
        self.shared = shared or _Shared()
        self.unit = self.shared.unit
        self.path = path
        self.windows = windows
        self.pointers: dict[object, str] = {}
        self.registers: dict[Value, str] = {}
        self.lines: list[str] = []
        self.line_names = {**value_names(plan.source), **plan.names}

    def print(self) -> Source:
        plan, shared = self.plan, self.shared
        symbols = plan.source.symbols
        self.unit.taken.update(symbol_text(symbol) for symbol in symbols)
        self.print_steps()
        name = _function_name(plan.source.name)
        head = [f"const int64_t {symbol_text(symbol)} = run->sizes[{index}];" for index, symbol in enumerate(symbols)]
        body = [*head, *shared.declarations, *self.lines]
        if any("nnc_floor_divide_i64(" in line for line in body):
            self.unit.call("nnc_floor_divide_i64")
        functions = sections(self.unit.functions)
        feed = self._feed(name, head)
        text = "\n".join(
            [
                f"/* {plan.source.name}: generated by nnc */",
                PRELUDE,
                *([functions] if functions else []),
                f"void {name}(const nnc_run *run)",
                "{",
                *indented(body),
                "}",
                "",
                *feed,
            ]
        )
        slots, states, constants = tuple(shared.slots), tuple(shared.states), tuple(shared.constants)
        return Source(text, name, plan, slots, symbols, states, constants, bool(feed))

    def _feed(self, name: str, head: Sequence[str]) -> list[str]:
        """The function for several batches, where inputs are rows."""
        inputs = list(self.plan.graph.inputs.values())
        if not can_feed(inputs):
            return []
        self.pointers, self.shared.declarations = {}, []
        for value in inputs:
            self.array(value)
        may_fail = any("run->fault" in line for line in self.lines)
        return write_feed(name, [*head, *self.shared.declarations], inputs, self.array, may_fail)

    # ------------------------------------------------------------------ values

    def array(self, value: Value) -> Array:
        """Return where a value lies."""
        storage = self.plan.storage
        home = storage.homes[value]
        if home.register:
            return Array("", value.dtype, value.shape, (0,) * value.rank, literal=self.registers[value])
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
        offset = window.offset + layout.offset
        return Array(window.pointer, dtype, layout.shape, layout.strides, offset)

    def _state(self, label: str) -> str:
        if label not in self.pointers:
            type = C_TYPES[self.plan.graph.states[label].dtype]
            name = self.pointers[label] = self.unit.name(label)
            self.shared.declarations.append(
                f"{type} *const {name} = ({type} *)run->states[{len(self.shared.states)}]; /* @{label} */"
            )
            self.shared.states.append(label)
        return self.pointers[label]

    def _buffer(self, index: int, dtype: str) -> str:
        key = index, dtype
        if key not in self.pointers:
            buffer = self.plan.storage.buffers[index]
            name = self.pointers[key] = self.unit.name(buffer.name or f"v{self._first_in(index)}")
            slot = self.path, index
            if slot not in self.shared.slots:
                self.shared.slots.append(slot)
            type = C_TYPES[dtype]
            self.shared.declarations.append(
                f"{type} *const {name} = ({type} *)(run->arena + run->offsets[{self.shared.slots.index(slot)}]);"
            )
        return self.pointers[key]

    def _first_in(self, buffer: int) -> int:
        """Return the first step whose result lies in a buffer; for a workspace, the number of the buffer."""
        values = self.plan.storage.inhabitants.get(Home(buffer=buffer), ())
        return min((value.index for value in values), default=buffer)

    def _constant(self, value: Value) -> Array:
        node = value.node
        if isinstance(node.op, Constant) and len(node.op.data) == 1:
            text = number_text(node.op.data[0], value.dtype)
            text = f"({text})" if text.startswith("-") else text
            return Array("", value.dtype, value.shape, (0,) * value.rank, literal=text)
        if value not in self.pointers:
            name = self.pointers[value] = self.unit.name(value.name or node.op.name)
            type = C_TYPES[value.dtype]
            number = len(self.shared.constants)
            self.shared.declarations.append(
                f"const {type} *const {name} = (const {type} *)run->constants[{number}]; /* {node.op.name} */"
            )
            self.shared.constants.append((self.path, value))
        if is_uniform(value):
            return Array(self.pointers[value], value.dtype, value.shape, (0,) * value.rank)
        return Array.of(self.pointers[value], value.dtype, Layout.dense(value.shape))

    # ------------------------------------------------------------------ steps

    def print_steps(self) -> None:
        """Print all steps, then the copies of new states that could not be computed in place."""
        plan = self.plan
        last_of_nest = {nest[-1]: nest for nest in plan.storage.nests.values()}
        comments: dict[tuple[int, ...], list[str]] = {}
        for group in plan.groups:
            comment = f"/* {node_line(group.node, self.line_names, with_body=False)} */"
            is_written = False
            for index in (index for index in group.steps if is_step(plan, index)):
                nest = plan.storage.nests.get(index)
                if nest is not None:
                    heads = comments.setdefault(nest, [])
                    if comment not in heads:
                        heads.append(comment)
                    if index not in last_of_nest:
                        continue
                    self.lines += [*heads, *self._nest(nest)]
                    continue
                lines = self._step(index)
                if lines:
                    self.lines += [*([] if is_written else [comment]), *lines]
                    is_written = True
        for label, value in plan.storage.copies:
            target, source = self.array(plan.graph.states[label]), self.array(value)
            self.lines += [f"/* update @{label} */", *copy_lines(target, source)]

    def _nest(self, steps: Sequence[int]) -> list[str]:
        """One loop nest for several elementwise steps."""
        nodes = [self.plan.graph.nodes[index] for index in steps]
        shape = nodes[0].types[0].shape
        read: dict[Value, Array] = {}
        written: dict[Value, Array] = {}
        inside = {self.plan.graph.results(node)[0] for node in nodes}
        for node in nodes:
            for operand in node.operands:
                if operand not in inside and operand not in read:
                    read[operand] = self.array(operand).broadcast_to(shape)
        for node in nodes:
            (result,) = self.plan.graph.results(node)
            self.registers[result] = self.unit.name(result.name or f"v{result.index}")
            if not self.plan.storage.homes[result].register:
                written[result] = self.array(result)
        arrays = {value: array for value, array in read.items() if array.literal is None}

        def body(element: object) -> list[str]:
            assert callable(element)
            lines = []
            for node in nodes:
                (result,) = self.plan.graph.results(node)
                operands = [
                    self.registers[value] if value in inside else read[value].literal or element(arrays[value])
                    for value in node.operands
                ]
                types = [value.dtype for value in node.operands]
                text = EXPRESSIONS[type(node.op)](node.op, operands, types, result.dtype, self.unit)
                name = self.registers[result]
                lines.append(f"const {C_TYPES[result.dtype]} {name} = {text};")
                if result in written:
                    lines.append(f"{element(written[result])} = {name};")
            return lines

        return write_nest(shape, [*arrays.values(), *written.values()], body)

    def _step(self, index: int) -> Sequence[str]:
        node = self.plan.graph.nodes[index]
        if index in self.plan.storage.loops:
            return self._loop(node, self.plan.storage.loops[index])
        results = self.plan.graph.results(node)
        workspace = []
        for buffer, kind in self.plan.storage.workspaces.get(index, ()):
            pointer = self._buffer(buffer, kind.dtype)
            workspace.append(Array.of(pointer, kind.dtype, Layout.dense(kind.shape)))
        call = Call(
            op=node.op,
            operands=tuple(self.array(value) for value in node.operands),
            results=tuple(self.array(value) for value in results),
            workspace=tuple(workspace),
            unplaced=self.plan.storage.unplaced.get(index, ()),
            unit=self.unit,
        )
        return KERNELS[type(node.op)].write(call)

    def _loop(self, node: Node, loop: LoopPlan) -> Sequence[str]:
        """A loop over time; what it reads and writes in a step are windows on the stacks."""
        operands = [self.array(value) for value in node.operands]
        results = [self.array(value) for value in self.plan.graph.results(node)]

        def inner(windows: dict[str, Array]) -> list[str]:
            printer = _Printer(loop.plan, self.shared, (*self.path, node.index), windows)
            printer.print_steps()
            return printer.lines

        return write_loop(loop, operands, results, self.unit, inner)


def is_uniform(value: Value) -> bool:
    """Whether all elements of a constant are sure to be one number, whatever the sizes."""
    node = value.node
    if isinstance(node.op, Constant):
        return len(node.op.data) == 1
    if isinstance(node.op, Iota):
        return False
    if not node.operands:
        return value.rank == 0
    if node.op.elementwise or isinstance(node.op, BroadcastTo):
        return all(is_uniform(operand) for operand in node.operands)
    return value.rank == 0


def _function_name(name: str) -> str:
    return "nnc_" + identifier(name, ())
