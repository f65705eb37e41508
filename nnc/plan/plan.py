"""The plan: steps in order, where every value lives, and how many bytes that takes, known before the first run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy

from nnc.errors import GraphError, ShapeError
from nnc.ir import Graph, Input, Node, State, SymbolicDim, TensorType, Value, value_names
from nnc.ir.decisions import PLAN, Reason, deciding
from nnc.ir.inference import check_dims, symbolic_dims
from nnc.ir.names import name_text
from nnc.ir.ops.scan import Scan
from nnc.ir.printer import node_line, operand_text
from nnc.ir.types import LARGEST
from nnc.plan.allocate import ALIGNMENT, allocate, lower_bound
from nnc.plan.homes import find_homes, workspace_of
from nnc.plan.places import Interface, Place, Places
from nnc.plan.storage import StepGroup, Storage, bound_constants
from nnc.presentation import Presented
from nnc.target import Prepacked, Target

if TYPE_CHECKING:
    from nnc.plan.loops import Carry
    from nnc.plan.separable import Rows

_REMEMBERED_SIZES = 256
Position = tuple[tuple[int, ...], int]
"""A step: the scans that it lies in, and its number in the innermost plan."""


_Found = TypeVar("_Found")

_KEPT = "_kept"
_FOR_TEXTS = (_KEPT, "names", "line_names")
"""What a plan finds again where somebody asks."""


@dataclass(frozen=True)
class Plan(Presented):
    """The plan of a graph that runs in one arena of a known size; made by `make_plan`.

    Attributes:
        graph: the graph without fusions; its nodes are the steps.
        storage: where values live.
        offsets: byte offset of each buffer in the arena.
        peak_bytes: bytes of the arena, `ALIGNMENT` of them to align it.
        lower_bound: bytes alive in the fullest step; no arena can be smaller.
        loops: how each scan runs, by step.
        windows: in the body of a loop, the names of what the inputs of `source` are there: windows that move.
        milestones: how many pieces of the outputs are finished after a step, by step; see `nnc.plan.milestones`.
    """

    graph: Graph
    storage: Storage
    offsets: Mapping[int, int]
    peak_bytes: int
    lower_bound: int
    loops: Mapping[int, LoopPlan] = field(default_factory=dict)
    windows: Mapping[Value, str] = field(default_factory=dict)
    milestones: Mapping[int, int] = field(default_factory=dict)

    @property
    def source(self) -> Graph:
        """The scheduled graph with its fusions."""
        assert self.graph.source is not None
        return self.graph.source

    @property
    def groups(self) -> tuple[StepGroup, ...]:
        """The steps by the node of `source` that they come from."""
        return self.storage.groups

    @cached_property
    def bindings(self) -> Mapping[str, int]:
        """Largest size of each run-time dimension."""
        return self.storage.bindings

    @cached_property
    def target(self) -> Target:
        """The target of the plan."""
        return self.storage.target

    @cached_property
    def unshared_bytes(self) -> int:
        """Bytes of an arena in which no two buffers share memory."""
        known = self.storage
        separate, _ = _find_homes(self.graph, known.bindings, known.target, False, known.unchanged)
        return allocate(separate.buffers, reuse=False)[1] + ALIGNMENT

    @cached_property
    def prepacked_bytes(self) -> int:
        """Bytes of the operands that kernels read in a layout of their own, beside the arena; 0 for too few rows."""
        return prepacked_offsets(self)[1] if self.reads_prepacked(self.bindings) else 0

    def reads_prepacked(self, bindings: Mapping[str, int]) -> bool:
        """Return whether runs of these sizes read operands in a layout of the kernels' own."""
        if any(found.is_read(bindings) for _, found in prepacked_steps(self)):
            return True
        return self.target.needs.packs_for_few_rows(prepacked_offsets(self)[1])

    def unpacked(self, obstacle: Reason) -> Plan:
        """Return a plan for the same sizes whose kernels read all operands as they are.

        Args:
            obstacle: why; see `nnc.target.Unpacked`.
        """
        return make_plan(self.graph, self.bindings, self.target.unpacked(obstacle), reuse=self.storage.reuse)

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena without those that align it."""
        return self.peak_bytes - ALIGNMENT

    def fits(self, bindings: Mapping[str, int]) -> bool:
        """Whether there is room for these sizes, so that smaller views on the same offsets will do.

        Raises:
            ShapeError: the graph has no meaning for these sizes; see `Graph.check_sizes`.
            ModelError: a layer was traced with another number of rows.
            DataError: what depends on sizes alone cannot be computed for these, such as the row of a shorter table.
        """
        if any(size > self.bindings.get(name, 0) for name, size in bindings.items()):
            return False
        key = tuple(bindings.items())
        if key not in self._rooms:
            if len(self._rooms) >= _REMEMBERED_SIZES:
                self._rooms.clear()
            with _readable_rows(self.source, bindings):
                self._check_sizes({**self.bindings, **bindings})
            is_planned = all(self.bindings[name] == size for name, size in key)
            self._rooms[key] = is_planned or self._has_room(bindings)
        return self._rooms[key]

    def _check_sizes(self, bindings: Mapping[str, int]) -> None:
        self.source.check_sizes(bindings)
        check_dims(self._layout_dims, bindings)
        self._check_constants(bindings)

    def _check_constants(self, bindings: Mapping[str, int]) -> None:
        """Raise what the nodes raise that no step computes, since they depend on sizes alone, needed or not."""
        self.constants(bindings)
        for loop in self.loops.values():
            loop.plan._check_constants(bindings)

    @cached_property
    def _layout_dims(self) -> set[SymbolicDim]:
        """The dimensions in strides and offsets, which a backend may compute with sizes at run time."""
        numbers = {number for layout in self.storage.layouts.values() for number in (*layout.strides, layout.offset)}
        if wrong := [number for number in numbers if isinstance(number, int) and abs(number) > LARGEST]:
            raise ShapeError(f"graph '{self.source.name}' has steps of {wrong[0]}, more than 64 bits can hold")
        dims = set(symbolic_dims(numbers))
        return dims.union(*(loop.plan._layout_dims for loop in self.loops.values()))

    @cached_property
    def _rooms(self) -> dict[tuple[tuple[str, int], ...], bool]:
        return {}

    @cached_property
    def _may_grow(self) -> tuple[list[tuple[Value, int]], list[Node]]:
        """Values (with their buffers) and nodes with workspaces that may need more room where a symbol is smaller."""
        storage, graph = self.storage, self.graph
        values = [
            (value, home.buffer)
            for value, home in storage.homes.items()
            if home.buffer is not None and value not in storage.views and not _grows(value.type)
        ]
        nodes = [graph.nodes[index] for index in storage.workspaces]
        types = {node.index: (*(value.type for value in node.operands), *node.types) for node in nodes}
        return values, [node for node in nodes if any(type.symbols for type in types[node.index])]

    def _has_room(self, sizes: Mapping[str, int]) -> bool:
        storage, bindings = self.storage, {**self.bindings, **sizes}
        if not all(loop.plan._has_room(sizes) for loop in self.loops.values()):
            return False
        values, nodes = self._may_grow
        needed = [(buffer, value.type.bind(bindings).nbytes) for value, buffer in values]
        for node in nodes:
            operands = [value.type.bind(bindings) for value in node.operands]
            types = workspace_of(storage, node, operands, [type.bind(bindings) for type in node.types], bindings)
            spaces = storage.workspaces[node.index]
            needed += [(buffer, type.nbytes) for (buffer, _), type in zip(spaces, types, strict=True)]
        return all(nbytes <= storage.buffers[buffer].nbytes for buffer, nbytes in needed)

    def interface(self, bindings: Mapping[str, int]) -> Interface:
        """Return what runs are bound with when run-time dimensions have these sizes, at most the planned ones."""
        key = tuple(sorted(bindings.items()))
        if key not in self._interfaces:
            if len(self._interfaces) >= _REMEMBERED_SIZES:
                self._interfaces.clear()
            places = self.places(bindings)
            inputs, outputs = (
                {label: places[value] for label, value in values.items()}
                for values in (self.graph.inputs, self.graph.outputs)
            )
            self._interfaces[key] = Interface(inputs, outputs, self.reads_prepacked(bindings))
        return self._interfaces[key]

    @cached_property
    def _interfaces(self) -> dict[tuple[tuple[str, int], ...], Interface]:
        return {}

    def places(self, bindings: Mapping[str, int]) -> Mapping[Value, Place]:
        """Return where every value lies when run-time dimensions have these sizes, at most the planned ones."""
        return self._once("places", bindings, self._find_places)

    def constants(self, bindings: Mapping[str, int]) -> Mapping[Value, numpy.ndarray]:
        """Return the values that are known when run-time dimensions have these sizes; see `bound_constants`."""
        return self._once("constants", bindings, partial(bound_constants, self.graph))

    def _once(self, what: str, bindings: Mapping[str, int], find: Callable[[Mapping[str, int]], _Found]) -> _Found:
        kept: dict[Any, Any] = self.__dict__.get(_KEPT, {})
        key = (what, *bindings.items())
        if key not in kept:
            kept[key] = find(bindings)
        found: _Found = kept[key]
        return found

    @contextmanager
    def findings_kept(self) -> Iterator[None]:
        """Let places and constants be found once inside the block, in which several executables are bound."""
        with ExitStack() as stack:
            for loop in self.loops.values():
                stack.enter_context(loop.plan.findings_kept())
            self.__dict__[_KEPT] = {}
            try:
                yield
            finally:
                self.__dict__.pop(_KEPT, None)

    def _find_places(self, bindings: Mapping[str, int]) -> Places:
        return Places(self.graph, self.storage, self.offsets, bindings, self.constants(bindings))

    @cached_property
    def names(self) -> dict[Value, str]:
        """Printable names of the values of `graph`."""
        return value_names(self.graph)

    @cached_property
    def line_names(self) -> dict[Value, str]:
        """Printable names of the values of `source` and `graph`, for the lines of groups."""
        return {**value_names(self.source, self.windows), **self.names}

    def where(self, value: Value) -> str:
        """Return in words where a value lies: ``0:256 in place``, ``view of @parameters``, ``constant``, ``register``.

        Args:
            value: of `graph`; bytes are those of its buffer in the arena.
        """
        home = self.storage.homes[value]
        if home.constant:
            return "constant"
        if home.register:
            return "register"
        prefix = "view of " if value in self.storage.views else ""
        if home.state is not None:
            return f"{prefix}@{home.state}"
        assert home.buffer is not None
        start = self.offsets[home.buffer]
        inplace = " in place" if value.index in self.storage.inplace else ""
        return f"{prefix}{start}:{start + self.storage.buffers[home.buffer].nbytes}{inplace}"

    def __str__(self) -> str:
        return format_plan(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: found for name, found in self.__dict__.items() if name not in _FOR_TEXTS}


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """The plan of a scan.

    Args:
        op: the scan.
        plan: plan of a body whose states are windows; its arena is a buffer of the plan around it.
        carries: one per carry of the scan.
        arena: buffer for the body's own values.
        rows: what may be divided into blocks that run through all steps on their own; None where rows meet.
    """

    op: Scan
    plan: Plan
    carries: tuple[Carry, ...]
    arena: int
    rows: Rows | None = None


def _grows(type: TensorType) -> bool:
    return all(isinstance(dim, int) or dim.grows for dim in type.shape)


def make_plan(
    graph: Graph,
    bindings: Mapping[str, int],
    target: Target,
    *,
    reuse: bool = True,
    overlap: bool = True,
    unchanged: Collection[str] | None = None,
) -> Plan:
    """Plan a graph; it is executed in the order that its nodes have.

    Args:
        graph: a scheduled graph as `nnc.passes.lower` makes it for the target.
        bindings: largest size of each run-time dimension.
        target: what the backend wants.
        reuse: whether buffers share memory and results take over operands' buffers; off, the numbers are the same.
        overlap: whether buffers that are not alive at the same time may share bytes; a result may take over the buffer
            of an operand all the same.
        unchanged: labels of the states that no run changes; by default all where the graph has no updates.

    Raises:
        GraphError: the graph did not go through the pass ``inline``.
        SymbolError: a run-time dimension has no size.
        ShapeError: the graph has no meaning for these sizes, or needs more bytes than an offset can hold.
        ModelError: the batch has more rows than a layer has states for, or others than it was traced with.
    """
    if graph.source is None:
        raise GraphError(f"graph '{graph.name}' cannot be planned as it is; give what nnc.passes.lower makes of it")
    if unchanged is None:
        unchanged = () if graph.updates else graph.states
    with deciding(PLAN, graph), _readable_rows(graph, bindings):
        graph.source.check_sizes(bindings)
        storage, loops = _find_homes(graph, dict(bindings), target, reuse, frozenset(unchanged))
    offsets, size = allocate(storage.buffers, reuse and overlap)
    if size > LARGEST:
        raise ShapeError(f"graph '{graph.name}' would take {size} bytes, more than an offset of 64 bits can hold")
    return Plan(graph, storage, offsets, size + ALIGNMENT, lower_bound(storage.buffers), loops)


@contextmanager
def _readable_rows(graph: Graph, bindings: Mapping[str, int]) -> Iterator[None]:
    """Let an error inside the block that comes of the number of rows say so."""
    try:
        yield
    except ShapeError as error:
        from nnc.plan.rows import unfit_rows  # only a mistake needs it

        if (readable := unfit_rows(graph, bindings)) is None:
            raise
        raise readable from error


def _find_homes(
    graph: Graph, bindings: Mapping[str, int], target: Target, reuse: bool, unchanged: frozenset[str]
) -> tuple[Storage, dict[int, LoopPlan]]:
    """Return the homes of a graph's values, and the plans of its loops, whose arenas are among them."""
    bodies: dict[int, tuple[Scan, Plan, tuple[Carry, ...], Rows | None]] = {}

    def plan_body(index: int, op: Scan, fixed: Collection[str]) -> int:
        plan, carries, rows = _plan_body(op, bindings, target, reuse, fixed)
        bodies[index] = op, plan, carries, rows
        return plan.arena_bytes

    storage = find_homes(graph, bindings, target, reuse, unchanged, plan_body)
    loops = {
        index: LoopPlan(op, plan, carries, storage.arenas[index], rows)
        for index, (op, plan, carries, rows) in bodies.items()
    }
    return storage, loops


def _plan_body(
    op: Scan, bindings: Mapping[str, int], target: Target, reuse: bool, unchanged: Collection[str]
) -> tuple[Plan, tuple[Carry, ...], Rows | None]:
    """Return the plan of a body, how its carries move, and what may be divided into blocks.

    Blocks may be in different steps at the same time, so that their values share no memory with others of the body.

    Args:
        op: the scan.
        bindings: largest size of each run-time dimension.
        target: what the graph around it is planned for.
        reuse: as of `make_plan`.
        unchanged: labels of the windows on states that no run changes.
    """
    from nnc.plan.loops import window_graph, window_labels  # only loops need it

    graph, carries = window_graph(op)
    rows = None
    if target.in_nests:
        from nnc.plan.separable import find_rows  # only nests need it

        rows = find_rows(op, graph, bound_constants(graph, bindings))
    plan = make_plan(graph, bindings, target.in_loop, reuse=reuse, overlap=rows is None, unchanged=unchanged)
    assert op.body.source is not None
    windows = zip(op.body.source.inputs.values(), window_labels(op), strict=True)
    return replace(plan, windows={value: f"@{label}" for value, label in windows}), carries, rows


def format_plan(plan: Plan) -> str:
    """Return the text of a plan: a heading, then a line per step with where its results live."""
    sizes = ", ".join(f"{name}={size}" for name, size in plan.bindings.items())
    lines = [
        f"plan {plan.graph.name}({sizes}): {plan.peak_bytes} bytes, lower bound {plan.lower_bound}, "
        f"without reuse {plan.unshared_bytes}",
    ]
    for value in plan.graph.inputs.values():
        lines.append(f"      {plan.names[value]:<28} {plan.where(value)}")
    for group in plan.groups:
        tile = f", in tiles of {group.tile}" if group.tile else ""
        where = f"{group.node.path or '-'} {group.node.phase}"
        if len(group.steps) > 1:
            lines.append(f"    {group.node.op.title}{tile}  # {where}")
        for index in group.steps:
            node = plan.graph.nodes[index]
            results = plan.graph.results(node)
            text = node_line(node, plan.names, with_body=False).partition("  # ")[0]
            target = "; ".join(plan.where(value) for value in results)
            lines.append(f"{index:5} {text}  @ {target}")
            if index in plan.loops:
                lines += [f"      {line}" for line in format_plan(plan.loops[index].plan).splitlines()]
            if index in plan.milestones:
                lines.append(f"      pieces of the outputs finished: {plan.milestones[index]}")
    for label, value in plan.storage.copies:
        lines.append(f"      copy {operand_text(value, plan.names)} to @{name_text(label)}")
    return "\n".join(lines) + "\n"


def is_step(plan: Plan, index: int) -> bool:
    """Whether a node of the flat graph does something at run time, rather than being a leaf, a view or a constant."""
    node = plan.graph.nodes[index]
    first = plan.graph.results(node)[0]
    return not (isinstance(node.op, Input | State) or first in plan.storage.views or plan.storage.homes[first].constant)


def prepacked_steps(plan: Plan, path: tuple[int, ...] = ()) -> Iterator[tuple[Position, Prepacked]]:
    """Yield the steps that read such a thing, those in the bodies of scans too."""
    for index, found in plan.storage.prepacked.items():
        yield (path, index), found
    for index, loop in plan.loops.items():
        yield from prepacked_steps(loop.plan, (*path, index))


def prepacked_offsets(plan: Plan) -> tuple[dict[Position, int], int]:
    """Return at which byte of their own memory each of these things begins, and the bytes of all together."""
    offsets: dict[Position, int] = {}
    end = 0
    for position, found in prepacked_steps(plan):
        offsets[position] = end
        end += -(-found.type.nbytes // ALIGNMENT) * ALIGNMENT
    return offsets, end
