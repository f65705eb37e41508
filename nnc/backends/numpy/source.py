"""Prints a plan as straight-line NumPy: one statement per kernel call, each under the IR line it came from."""

from __future__ import annotations

import builtins
import keyword
import linecache
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary, finalize

import numpy

from nnc.backends.numpy.kernels import KERNELS, KernelCall, Names, number_name
from nnc.backends.numpy.text import comment, identifier
from nnc.errors import MissingKernelError
from nnc.ir import Constant, Op, State, TensorType, Value
from nnc.ir.names import name_text
from nnc.ir.ops.movement import Reshape
from nnc.ir.ops.packing import Unpack
from nnc.ir.printer import node_line, number_text
from nnc.plan import Plan, StepGroup, is_step
from nnc.target import KernelNeeds, Target

if TYPE_CHECKING:
    from nnc.backends.marks import Marks

_RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | frozenset(dir(numpy)) | {"__builtins__"}


@dataclass(frozen=True)
class Scope:
    """The objects to bind to the names of a text, or of the body of a loop in it.

    Attributes:
        plan: the plan that the names belong to.
        values: names of the arrays of values.
        workspaces: names of workspace arrays, with step and position.
        tiles: names of tile lists, with the values (by name) that each tile has windows on.
        loops: names of lists of steps.
        names: functions, numbers and derived objects.
    """

    plan: Plan
    values: dict[str, Value]
    workspaces: dict[str, tuple[int, int]]
    tiles: dict[str, tuple[tuple[str, ...], int]]
    loops: dict[str, LoopSource]
    names: Names


@dataclass(frozen=True)
class LoopSource:
    """A loop over time, and what each step binds.

    Attributes:
        step: number of the scan among the steps of the plan.
        operands: names of the scan's operands, outside.
        results: names of its results, outside.
        body: what the body's statements refer to.
        moving: names that are bound anew in each step, in the order of the loop's targets.
    """

    step: int
    operands: tuple[str, ...]
    results: tuple[str, ...]
    body: Scope
    moving: tuple[str, ...]


@dataclass(frozen=True)
class NumpySource:
    """Emitted source, and what must be bound to its names before it runs.

    Attributes:
        text: the Python text, a function without arguments named like the graph.
        name: the function's name.
        scope: what its names stand for.
        body: the statements of the function, not indented.
        finished: name of the array in which it counts finished pieces, empty where its plan has no milestones.
    """

    text: str
    name: str
    scope: Scope
    body: tuple[str, ...]
    finished: str = ""

    def compile(self) -> CodeType:
        """Compile the text; tracebacks and debuggers show its lines."""
        _drop_lines()
        if (known := _living.get(self.text)) is not None:
            return known
        filename = f"<nnc {self.name} {_digest(self.text)}>"
        module = compile(self.text, filename, "exec")
        code = next(item for item in module.co_consts if isinstance(item, CodeType))
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(keepends=True), filename)
        finalize(code, _gone.append, (self.text, filename)).atexit = False
        _living[self.text] = code
        return code


_living: WeakValueDictionary[str, CodeType] = WeakValueDictionary()
_gone: deque[tuple[str, str]] = deque()
"""Texts and file names of code that is gone, whose lines are kept until other code is compiled: code goes whenever
memory is tidied, which may be while a debugger looks through all lines there are."""


def _drop_lines() -> None:
    """Drop the lines of code that is gone, unless the same text was compiled again meanwhile."""
    with suppress(IndexError):  # other threads compile as well
        while True:
            text, filename = _gone.popleft()
            if _living.get(text) is None:
                linecache.cache.pop(filename, None)


def kernel_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Return what the NumPy kernel of an op needs besides operands and results.

    Raises:
        MissingKernelError: there is no kernel for the op.
    """
    if type(op) not in KERNELS:
        if type(op).view is not Op.view or op.arity == 0:
            return ()
        raise MissingKernelError(f"operation '{op.name}' has no NumPy kernel")
    return KERNELS[type(op)].workspace(op, operands, results)


class NumpyNeeds(KernelNeeds):
    """The needs of NumPy kernels."""

    def workspace(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
        """Return what the kernel of an op needs; see `kernel_workspace`."""
        return kernel_workspace(op, operands, results)


TARGET = Target(NumpyNeeds())
"""Long elementwise fusions run in tiles."""


def print_source(plan: Plan, marks: Marks | None = None, reserved: frozenset[str] = frozenset()) -> NumpySource:
    """Return the source of a plan. It does not depend on the sizes of run-time dimensions.

    Args:
        plan: what to print.
        marks: filled with the blocks, before each of which its function is then called.
        reserved: names that no array has, because they mean something else where the text will stand.
    """
    return _Printer(plan, Names(reserved=reserved), marks).print()


@dataclass
class _Printer:
    plan: Plan
    names: Names = field(default_factory=Names)
    marks: Marks | None = None
    path: tuple[int, ...] = ()
    values: dict[str, Value] = field(default_factory=dict)
    workspaces: dict[str, tuple[int, int]] = field(default_factory=dict)
    loops: dict[str, LoopSource] = field(default_factory=dict)
    tiles: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    tile_names: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    finished: str = ""

    def print(self) -> NumpySource:
        name = identifier(self.plan.source.name, keyword.kwlist)
        self._print_lines()
        if self.marks is not None:
            from nnc.backends.marks import EMPTY, OUTSIDE

            self.lines += [self._mark_call(EMPTY), self._mark_call(OUTSIDE)]
        body = tuple(self.lines or ["pass"])
        indented = "".join(f"    {line}\n" for line in body)
        return NumpySource(f"def {name}():\n{indented}", name, self._scope, body, self.finished)

    @property
    def _scope(self) -> Scope:
        return Scope(self.plan, self.values, self.workspaces, self.tiles, self.loops, self.names)

    def _print_lines(self) -> None:
        plan = self.plan
        self.python_names = python_names(plan, self.names.taken | self.names.reserved)
        self.names.taken.update(self.python_names.values())
        if plan.milestones:
            self.finished = self.names.derive("finished", lambda _: numpy.zeros(1, numpy.int64))
        for group in plan.groups:
            steps = [index for index in group.steps if is_step(plan, index)]
            if steps:
                self._group(group, steps)
        for label, value in plan.storage.copies:
            target = self._value(plan.graph.states[label])
            title = f"update @{name_text(label)}"
            self.lines += [*self._mark((), title, 1), comment(title), f"{target}[...] = {self._value(value)}"]

    def _group(self, group: StepGroup, steps: list[int]) -> None:
        line = node_line(group.node, self.plan.line_names, with_body=False)
        if group.tile is None:
            parts = [[*self._marked(index, group, line), *self._milestone(index)] for index in steps]
            if any(parts):
                self.lines += [comment(line), *(statement for part in parts for statement in part)]
            return
        statements = [statement for index in steps for statement in self._marked(index, group, line)]
        if not statements:
            return
        self.lines.append(comment(line))
        names = (self._value(value) for value in self._values_of(steps) if _is_tiled(value, group))
        windows = tuple(dict.fromkeys(names))
        last = self.plan.graph.results(self.plan.graph.nodes[steps[-1]])[0]
        name = self.names.unique(f"tiles_of_{self.python_names[last]}")
        self.tiles[name] = windows, group.tile
        self.lines.append(f"for {', '.join(map(self._tile_name, windows))} in {name}:")
        self.lines += [f"    {statement}" for statement in statements]
        self.lines += self._milestone(steps[-1])

    def _marked(self, index: int, group: StepGroup, title: str) -> list[str]:
        """Return the statements of a step, with a mark before them."""
        if index in self.plan.loops:
            return [*self._mark((index,), title), *self._loop(index)]
        statements = list(self._statements(index, group))
        return [*self._mark((index,), title, len(statements)), *statements] if statements else []

    def _milestone(self, index: int) -> list[str]:
        """Return what says, behind a step, that pieces of the outputs are finished."""
        count = self.plan.milestones.get(index)
        return [] if count is None else [f"{self.finished}[0] = {count}"]

    def _mark(self, steps: tuple[int, ...], title: str, calls: int = 0) -> list[str]:
        """Return what stands before a block."""
        if self.marks is None:
            return []
        from nnc.backends.marks import TimedBlock

        return [self._mark_call(self.marks.number(TimedBlock(self.plan, self.path, steps, title, calls)))]

    def _mark_call(self, number: int) -> str:
        assert self.marks is not None
        return f"{self.names.function('mark', self.marks.mark)}({number})"

    def _values_of(self, steps: Sequence[int]) -> Iterator[Value]:
        for index in steps:
            node = self.plan.graph.nodes[index]
            yield from (*node.operands, *self.plan.graph.results(node))

    def _statements(self, index: int, group: StepGroup) -> Sequence[str]:
        node = self.plan.graph.nodes[index]
        results = self.plan.graph.results(node)
        operand_names = [self._operand(value, group) for value in node.operands]
        workspace = []
        for position in range(len(self.plan.storage.workspaces.get(index, ()))):
            name = self.names.unique(f"workspace_of_{self.python_names[results[0]]}")
            self.workspaces[name] = index, position
            workspace.append(name)
        call = KernelCall(
            op=node.op,
            operands=tuple(operand_names),
            results=tuple(self._operand(value, group) for value in results),
            workspace=tuple(workspace),
            operand_types=tuple(value.type for value in node.operands),
            result_types=node.types,
            inplace=self.plan.storage.inplace.get(index),
            unplaced=self.plan.storage.unplaced.get(index, ()),
            dense=tuple(self._is_dense(value) for value in node.operands),
            names=self.names,
        )
        return KERNELS[type(node.op)].write(call)

    def _loop(self, index: int) -> Sequence[str]:
        """A ``for`` over the steps; what lies elsewhere in each step has been bound before the first run."""
        node = self.plan.graph.nodes[index]
        loop = self.plan.loops[index]
        inner = _Printer(loop.plan, self.names.inside(), self.marks, (*self.path, index))
        inner._print_lines()
        before, after = [], []
        operands = [self._value(value) for value in node.operands]
        results = [self._value(value) for value in self.plan.graph.results(node)]
        count, first = len(loop.carries), -1 if loop.op.reverse else 0
        for position, carry in enumerate(loop.carries):
            if carry.after is not None:
                step = self._step_of(results[count + carry.after], -1 - first, "last")
                after.append(f"{results[position]}[...] = {step}")
            elif carry.before is not None:
                step = self._step_of(results[count + carry.before], first, "first")
                before.append(f"{step}[...] = {operands[position]}")
            else:
                before.append(f"{results[position]}[...] = {operands[position]}")
        homes = loop.plan.storage.homes
        moving = [name for name, value in inner.values.items() if homes[value].state is not None]
        moving += [*inner.names.derived, *inner.loops]
        if not moving:  # the carries stay what they are, and there is nothing to do
            return [*before, *after]
        name = self.names.unique(f"steps_of_{results[-1]}")
        self.loops[name] = LoopSource(index, tuple(operands), tuple(results), inner._scope, tuple(moving))
        head = f"for {', '.join(moving)}{',' if len(moving) == 1 else ''} in {name}:"
        return [*before, head, *(f"    {line}" for line in inner.lines or ["pass"]), *after]

    def _step_of(self, stack: str, index: int, kind: str) -> str:
        return self.names.derive(f"{stack}_{kind}", lambda arrays: arrays[stack][index, ...])

    def _is_dense(self, value: Value) -> bool:
        """Whether the value lies in row-major order whatever the run-time dimensions are."""
        storage = self.plan.storage
        while value in storage.views and isinstance(value.node.op, Reshape | Unpack):
            value = storage.views[value]
        return value not in storage.views

    def _operand(self, value: Value, group: StepGroup) -> str:
        name = self._value(value)
        return self._tile_name(name) if _is_tiled(value, group) else name

    def _tile_name(self, name: str) -> str:
        if name not in self.tile_names:
            self.tile_names[name] = self.names.unique(f"{name}_tile")
        return self.tile_names[name]

    def _value(self, value: Value) -> str:
        name = self.python_names[value]
        self.values[name] = value
        return name


def _is_tiled(value: Value, group: StepGroup) -> bool:
    """Whether the group's loop works on windows of the value; numbers that all elements share are not windows."""
    return group.tile is not None and value.shape == group.node.types[0].shape


def python_names(plan: Plan, taken: Iterable[str] = ()) -> dict[Value, str]:
    """Return a valid Python name for each value of the flat graph.

    Values that take over an operand's buffer share its name, so that a reader sees what happens in place.
    """
    states = plan.graph.states
    layouts = plan.storage.layouts
    wanted: dict[Value, str] = {}
    leader: dict[Value, Value] = {}
    for node in plan.graph.nodes:
        position = plan.storage.inplace.get(node.index)
        for value in plan.graph.results(node):
            first = value if position is None else leader[node.operands[position]]
            home = plan.storage.homes[value]
            if home.state is not None and value not in plan.storage.views:
                state = states[home.state]
                first = state if layouts[value] == layouts[state] else first
            leader[value] = first
            if first not in wanted or (value.name and not isinstance(first.node.op, State)):
                wanted[first] = value.name or _fallback_name(plan, value, wanted, leader)
    names = Names(set(taken))
    found = {first: names.unique(text, _RESERVED) for first, text in wanted.items()}
    return {value: found[first] for value, first in leader.items()}


def _fallback_name(plan: Plan, value: Value, wanted: dict[Value, str], leader: dict[Value, Value]) -> str:
    op = value.node.op
    if isinstance(op, Constant) and len(op.data) == 1:
        number = op.data[0]
        return f"number_{number_name(float(number_text(number, op.type.dtype)) if op.type.is_floating else number)}"
    if value in plan.storage.views:
        return f"{wanted[leader[plan.storage.views[value]]]}_{op.name}"
    return f"v{plan.names[value][1:]}" if value in plan.names else op.name


def _digest(text: str) -> str:
    import zlib

    return f"{zlib.crc32(text.encode()):08x}"
