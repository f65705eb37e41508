"""Decides where each value lives: in a state, a constant, a view, another value's buffer, or one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnc.ir import Dim, Input, Layout, Node, Op, State, TensorType, Value
from nnc.ir.decisions import Reason, Saved, all_of, decide, in_loop, is_listened_to
from nnc.ir.types import ITEM_SIZES
from nnc.ops.scan import Scan
from nnc.plan.binding import bound_constants
from nnc.plan.flatten import FlatGraph, Group, Workspace
from nnc.plan.loops import LoopPlan, plan_body
from nnc.plan.prepacking import Prepack, Prepacked, no_prepack

ONE_CALL = Saved(calls=1)

if TYPE_CHECKING:
    from nnc.plan.nests import Nest


@dataclass(slots=True)
class Buffer:
    """A piece of the arena, alive from step `start` to step `end`, both included.

    Args:
        index: number of the buffer.
        name: name of the first value in it.
        nbytes: its size.
        start: first step that writes it.
        end: last step that reads or writes it.
        inside: buffer this one is a part of, with the byte offset in it; only operands of a pack have one.
        tiled: whether it holds one tile of a value instead of all of it.
    """

    index: int
    name: str
    nbytes: int
    start: int
    end: int
    inside: tuple[int, int] | None = None
    tiled: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The home of a value: a buffer of the arena, a state, a constant, or a register; exactly one is set."""

    buffer: int | None = None
    state: str | None = None
    constant: bool = False
    register: bool = False


@dataclass
class Storage:
    """All decisions about memory but the offsets.

    Attributes:
        homes: where each value lives.
        views: values that are views of another value, with that value.
        inplace: steps whose result takes over the buffer (or state) of an operand, with the operand's position; in a
            nest the operand may be that of an earlier step.
        copies: values to be copied to a state at the end, as (state, value).
        unplaced: positions of a pack's operands (by step) that must be copied into place.
        workspaces: buffers of each step's workspace, with the types they hold.
        loops: how each scan runs, by step.
        prepacked: what steps read instead of an operand that no run changes.
        nests: the steps that each elementwise step, or a product at their head, runs together with, where these run
            in loops.
    """

    flat: FlatGraph
    bindings: Mapping[str, int]
    reuse: bool
    workspace: Workspace
    in_nests: bool = False
    prepack: Prepack = no_prepack
    unchanged: frozenset[str] = frozenset()
    homes: dict[Value, Home] = field(default_factory=dict)
    views: dict[Value, Value] = field(default_factory=dict)
    inplace: dict[int, int] = field(default_factory=dict)
    copies: list[tuple[str, Value]] = field(default_factory=list)
    unplaced: dict[int, tuple[int, ...]] = field(default_factory=dict)
    workspaces: dict[int, tuple[tuple[int, TensorType], ...]] = field(default_factory=dict)
    loops: dict[int, LoopPlan] = field(default_factory=dict)
    prepacked: dict[int, Prepacked] = field(default_factory=dict)
    buffers: list[Buffer] = field(default_factory=list)

    def __post_init__(self) -> None:
        graph = self.flat.graph
        self.group_of: dict[int, Group] = {index: group for group in self.flat.groups for index in group.steps}
        self.layouts: dict[Value, Layout] = {}  # with symbols, so that what is decided by them holds for all sizes
        self._extents: list[Dim] = []  # bytes of each buffer, with symbols
        self.end = len(graph.nodes)
        self.constants = bound_constants(self.flat, self.bindings)
        self.nests = self._find_nests()
        self._note_nests()
        self._spans = {
            index: group.steps for group in self.flat.groups if group.tile is not None for index in group.steps
        } | {index: nest.span for index, nest in self.nests.items()}
        self.readers: dict[Value, set[int]] = {}
        for node in graph.nodes if self.in_nests else ():
            for operand in node.operands:
                self.readers.setdefault(operand, set()).add(node.index)
        self.last_reader = self._last_readers()
        self.last_use = {value: self._step_end(index, value) for value, index in self.last_reader.items()}
        self.inhabitants: dict[Home, list[Value]] = {}
        self._needed_until: dict[Home, int] = {}
        self._updates = set(graph.updates.values())
        for node in reversed(graph.nodes):
            if type(node.op).view is not Op.view and not self._updates.isdisjoint(graph.results(node)):
                self._updates.add(node.operands[0])  # what an update is a view of
        self._packs: set[int] = set()  # buffers with other buffers inside
        for value in graph.inputs.values():
            self._new_buffer(value, 0)
        for value in graph.states.values():
            self._set(value, Home(state=value.name))
        for node in graph.nodes:
            if not isinstance(node.op, Input | State):
                self._place(node)
        self._place_updates()
        self._settle_lifetimes()

    def _note_nests(self) -> None:
        graph = self.flat.graph
        for index, nest in self.nests.items():
            if index == nest.steps[0] and len(nest.steps) > 1:
                nodes = [graph.nodes[step] for step in nest.steps]
                values = [value for node in nodes for value in graph.results(node)]
                decide("in one loop", nodes[0], "{}", nodes, after=values, saved=Saved(calls=len(nodes) - 1))

    def _find_nests(self) -> dict[int, Nest]:
        if not self.in_nests:
            return {}
        from nnc.plan.nests import find_nests  # which a plan without them need not load

        return find_nests(self.flat.graph, self.constants)

    # ------------------------------------------------------------------ lifetimes

    def _last_readers(self) -> dict[Value, int]:
        """Return the last step that reads each value itself; a view is a reader, and its own readers are not."""
        graph = self.flat.graph
        last = {operand: node.index for node in graph.nodes for operand in node.operands}
        return last | dict.fromkeys(graph.roots, self.end)

    def _step_end(self, index: int, operand: Value) -> int:
        """Return the step until which an operand read by step `index` is needed: tiles and loops come back to it."""
        span = self._spans.get(index, ())
        return span[-1] if span and operand.index not in span else index

    def _alive_after(self, home: Home, step: int) -> bool:
        """Whether a value in this home is read after `step`."""
        return self._needed_until[home] > step

    # ------------------------------------------------------------------ placing

    def _set(self, value: Value, home: Home, layout: Layout | None = None) -> None:
        self.homes[value] = home
        self.inhabitants.setdefault(home, []).append(value)
        self._needed_until[home] = max(self._needed_until.get(home, -1), self.last_use.get(value, -1))
        self.layouts[value] = Layout.dense(value.shape) if layout is None else layout

    def _new_buffer(self, value: Value, start: int, tiled: int | None = None) -> None:
        type = value.type.bind(self.bindings)
        nbytes = type.nbytes if tiled is None else tiled * ITEM_SIZES[type.dtype]
        buffer = Buffer(len(self.buffers), value.name, nbytes, start, start, tiled=tiled is not None)
        self.buffers.append(buffer)
        self._extents.append(_bytes(value))
        self._set(value, Home(buffer=buffer.index))

    def _place(self, node: Node) -> None:
        graph = self.flat.graph
        results = graph.results(node)
        if all(value in self.constants for value in results):
            for value in results:
                self._set(value, Home(constant=True))
            if not node.is_leaf:
                title, text = node.op.title, "{} {}"
                decide("known beforehand", node, text, title, results, after=results, free=results, saved=ONE_CALL)
            return
        if self._as_view(node, results):
            return
        if node.op.packs:
            self._place_pack(node, results[0])
        elif self._stays_in_register(node, results[0]):
            self._set(results[0], Home(register=True))
            accesses = 1 + len(self.readers.get(results[0], ()))
            decide("in a register", node, "{}", node, after=results, free=results, accesses=accesses)
        elif self.reuse and self._take_over(node, results):
            pass
        else:
            group = self.group_of[node.index]
            for value in results:
                inner = group.tile is not None and self._stays_inside(value, group)
                self._new_buffer(value, node.index, group.tile if inner else None)
                if inner:
                    text, saved = "{}, {} elements at a time", Saved(arena=-self.buffers[-1].nbytes)
                    decide("in tiles", node, text, node, group.tile, after=(value,), free=(value,), saved=saved)
        if isinstance(node.op, Scan):
            self._place_loop(node, node.op)
            return
        types = [value.type.bind(self.bindings) for value in node.operands]
        found = self.prepack(node.op, [value.type for value in node.operands], node.types) if self.unchanged else None
        if found is not None and self._is_unchanged(node.operands[found.operand]):
            if not found.obstacle:
                self.prepacked[node.index] = found
            operand, obstacle = node.operands[found.operand], found.obstacle
            decide("packed beforehand", node, "{} for {}", operand, node, reason=obstacle, after=results)
        spaces = []
        for type in self.workspace_of(node, types, [value.type.bind(self.bindings) for value in results]):
            end = self._spans.get(node.index, (node.index,))[-1]  # the head of a nest runs as long as the nest
            buffer = Buffer(len(self.buffers), f"workspace of {node.op.name}", type.nbytes, node.index, end)
            self.buffers.append(buffer)
            self._extents.append(type.nbytes)
            spaces.append((buffer.index, type))
        if spaces:
            self.workspaces[node.index] = tuple(spaces)

    def workspace_of(
        self, node: Node, operands: Sequence[TensorType], results: Sequence[TensorType]
    ) -> Sequence[TensorType]:
        """Return what the kernel of a step needs besides operands and results of these types."""
        if node.index in self.prepacked:
            found = self.prepack(node.op, operands, results)
            return () if found is None else found.workspace
        return self.workspace(node.op, operands, results)

    def _is_unchanged(self, value: Value) -> bool:
        """Whether a value is a part of a state that no run changes, the same for all sizes."""
        layout = self.layouts[value]
        numbers = (*layout.shape, *layout.strides, layout.offset)
        return self.homes[value].state in self.unchanged and all(isinstance(number, int) for number in numbers)

    def _place_loop(self, node: Node, op: Scan) -> None:
        """Plan the body; its arena is a workspace of the step."""
        with in_loop(self.flat.graph.results(node)[0]):
            first = op.carries + op.sequences
            unchanged = [
                f"w{number}" for number, value in enumerate(node.operands[first:]) if self._is_unchanged(value)
            ]
            plan, carries, rows = plan_body(
                op, self.bindings, self.reuse, self.workspace, self.in_nests, self.prepack, unchanged
            )
        buffer = Buffer(len(self.buffers), f"body of {op.name}", plan.arena_bytes, node.index, node.index)
        self.buffers.append(buffer)
        self._extents.append(buffer.nbytes)
        self.loops[node.index] = LoopPlan(op, plan, carries, buffer.index, rows)

    def _stays_in_register(self, node: Node, result: Value) -> bool:
        """Whether only the nest that computes a value reads it."""
        nest = self.nests.get(node.index)
        if nest is None or node.index == nest.head or result in self.flat.graph.roots:
            return False
        readers = self.readers.get(result, set())
        return readers <= set(nest.steps) and nest.keeps(node.index, readers)

    def _stays_inside(self, value: Value, group: Group) -> bool:
        return self.last_use.get(value, -1) <= group.steps[-1]

    def _as_view(self, node: Node, results: tuple[Value, ...]) -> bool:
        if not node.operands or node.operands[0] in self.constants:
            return False
        base = node.operands[0]
        layouts = node.op.view([self.layouts[base]], node.types)
        if layouts is None:
            if is_listened_to() and node.op.view([Layout.dense(base.shape)], node.types) is not None:
                reason = ("the elements of {} do not lie one behind the other", base)
                decide("a view", node, "{} of {}", node, base, reason=reason, after=(*results, base))
            return False
        for value, layout in zip(results, layouts, strict=True):
            self._set(value, self.homes[base], layout)
            self.views[value] = base
        decide("a view", node, "{} of {}", node, base, after=(*results, base), free=results, accesses=2, saved=ONE_CALL)
        return True

    def _take_over(self, node: Node, results: tuple[Value, ...]) -> bool:
        """Let the result use an operand's buffer where nothing needs the operand afterwards."""
        if len(results) != 1 or results[0] in self._updates:
            return False  # an update is better computed in the state itself
        (result,) = results
        obstacles: list[Reason] = []
        for position, operand in self._read_before(node):
            home = self.homes[operand]
            if home.buffer is None:
                continue
            obstacle = self._obstacle_to_overwriting(node, operand, result)
            if not obstacle:
                self._set(result, home)
                self.inplace[node.index] = position
                decide("in place", node, "{} of {}", node, operand, after=(result, operand), free=results)
                return True
            obstacles.append(obstacle)
        if obstacles:
            decide("in place", node, "{}", node, reason=all_of(obstacles), after=results)
        return False

    def _read_before(self, node: Node) -> Iterator[tuple[int, Value]]:
        """Yield what is read before a result is written, with its position: operands, and those of the nest so far."""
        yield from ((position, node.operands[position]) for position in node.op.inplace)
        nest = self.nests.get(node.index)
        if nest is not None and node.index in nest.whole:
            earlier = (step for step in nest.steps if step < node.index)
            yield from ((0, operand) for step in earlier for operand in self.flat.graph.nodes[step].operands)

    def _obstacle_to_overwriting(self, node: Node, operand: Value, result: Value) -> Reason:
        """Say why a result cannot have the place of an operand, which lies in a buffer."""
        home, group = self.homes[operand], self.group_of[node.index]
        assert home.buffer is not None
        buffer = self.buffers[home.buffer]
        tiled = group.tile is not None and self._stays_inside(result, group)
        if operand.type != result.type:
            return "{} is {}", operand, operand.type
        if buffer.tiled != tiled:
            return "of {} there is {}", operand, "a tile only" if buffer.tiled else "more than a tile"
        whole = buffer.tiled or self._extents[buffer.index] == _bytes(result)
        if not whole or not self.layouts[operand].is_dense:
            return "{} is a part of something", operand
        if not self._can_overwrite(node, home, self.layouts[operand]):
            return "other elements of {} are read as well", operand
        return self._later_reader(home, node.index)

    def _later_reader(self, home: Home, step: int) -> Reason:
        """Say who reads a value in this home after `step`."""
        if not self._alive_after(home, step):
            return ()
        value = next(value for value in self.inhabitants[home] if self.last_use.get(value, -1) > step)
        return self._last_read(value, step)

    def _last_read(self, value: Value, step: int) -> Reason:
        """Say where a value that is needed after `step` is read for the last time."""
        last = self.last_reader[value]
        if last == self.end:
            return "{} leaves the graph", value
        if last <= step:
            return "the loop that reads {} comes back to it", value
        return "{} is read again by {}", value, self.flat.graph.nodes[last]

    def _can_overwrite(self, node: Node, home: Home, layout: Layout) -> bool:
        """Whether the step can write over `home` while it reads it: the same element, and then no more."""
        nodes = self.flat.graph.nodes
        nest = self.nests.get(node.index)
        if nest is not None and nest.head is not None:
            whole = nodes[nest.head].operands  # each block of a product reads more than the elements of its own
            if any(self.homes[operand] == home for operand in whole):
                return False
        earlier = (operand for index in (nest.steps if nest else ()) for operand in nodes[index].operands)
        return all(
            position in node.op.inplace and self.layouts[operand] == layout
            for position, operand in enumerate(node.operands)
            if self.homes[operand] == home
        ) and all(self.layouts[operand] == layout for operand in earlier if self.homes.get(operand) == home)

    def _place_pack(self, node: Node, result: Value) -> None:
        """Let operands be computed in their place in the pack."""
        self._new_buffer(result, node.index)
        home = self.homes[result]
        assert home.buffer is not None
        offset, unplaced = 0, []
        once = {operand for operand, count in Counter(node.operands).items() if count == 1}
        for position, operand in enumerate(node.operands):
            type = operand.type.bind(self.bindings)
            obstacle = self._obstacle_to_packing(node, operand, operand in once)
            if not obstacle:
                part = self.homes[operand].buffer
                assert part is not None
                self.buffers[part].inside = home.buffer, offset
                self._packs.add(home.buffer)
            else:
                unplaced.append(position)
            self._note_move("in its part", operand, result, obstacle)
            offset += type.nbytes
        self.unplaced[node.index] = tuple(unplaced)

    def _obstacle_to_packing(self, node: Node, operand: Value, is_once: bool) -> Reason:
        """Say why an operand of a pack cannot be computed in its place there."""
        home = self.homes[operand]
        if home.buffer is None:
            return self._place_of(operand)
        buffer = self.buffers[home.buffer]
        is_whole = self._extents[buffer.index] == operand.type.bind(self.bindings).nbytes and not buffer.tiled
        if not is_whole or not self.layouts[operand].is_dense:
            return "{} is a part of something", operand
        if buffer.inside is not None or not is_once:
            return "{} is a part of a pack already", operand
        if self._holds_input(buffer):
            return "{} is an input", operand
        if buffer.index in self._packs:
            return "{} is a pack itself", operand
        return self._later_reader(home, node.index)

    def _place_of(self, value: Value) -> Reason:
        """Say where a value lies that is in no buffer."""
        label = self.homes[value].state
        return (
            ("{} is known beforehand", value)
            if label is None
            else ("{} lies in {}", value, self.flat.graph.states[label])
        )

    def _holds_input(self, buffer: Buffer) -> bool:
        return any(isinstance(value.node.op, Input) for value in self.inhabitants[Home(buffer=buffer.index)])

    # ------------------------------------------------------------------ updates of state

    def _place_updates(self) -> None:
        """Let new state be computed in the state's own memory where nothing reads the old state afterwards."""
        graph = self.flat.graph
        for label, value in graph.updates.items():
            home = self.homes[value]
            if home == Home(state=label) and self.layouts[value].is_dense:
                continue
            obstacle = self._obstacle_to_updating(label, value)
            if not obstacle:
                self._move_to_state(home, Home(state=label))
            else:
                self.copies.append((label, value))
            self._note_move("in the state", value, graph.states[label], obstacle)

    def _note_move(self, kind: str, value: Value, target: Value, obstacle: Reason) -> None:
        """Note that a value is computed where it would be copied to, or why not."""
        decide(
            kind,
            value.node,
            "{} of {}",
            *(value, target),
            reason=obstacle,
            after=(value, target),
            free=[value],
            accesses=2,
            saved=ONE_CALL,
        )

    def _move_to_state(self, buffer: Home, state: Home) -> None:
        written = self._first_written(buffer)
        for position, operand in enumerate(written.node.operands):
            if self.homes[operand] == state:
                self.inplace[written.index] = position
        for value in self.inhabitants.pop(buffer):
            self.homes[value] = state
            self.inhabitants[state].append(value)
        assert buffer.buffer is not None
        self.buffers[buffer.buffer].nbytes = 0

    def _obstacle_to_updating(self, label: str, value: Value) -> Reason:
        """Say why a new state cannot be computed in the memory of the old one."""
        home = self.homes[value]
        if home.buffer is None:
            return self._place_of(value)
        buffer = self.buffers[home.buffer]
        if buffer.tiled or self._extents[buffer.index] != _bytes(value) or not self.layouts[value].is_dense:
            return "{} is a part of something", value
        if self._holds_input(buffer):
            return "{} is an input", value
        if buffer.index in self._packs:
            return "parts of {} are computed before", value
        state, written = Home(state=label), self._first_written(home)
        if not self._can_overwrite(written.node, state, self.layouts[written]):
            return "{} reads other elements of the old state as well", written.node
        late = next((old for old in self.inhabitants[state] if not self._read_in_time(old, written)), None)
        return () if late is None else self._last_read(late, written.index)

    def _first_written(self, home: Home) -> Value:
        return min(self.inhabitants[home], key=lambda value: value.index)

    def _read_in_time(self, old: Value, new: Value) -> bool:
        """Whether the old state is not read any more once the new one has been written."""
        last = self.last_reader.get(old, -1)
        if last < new.index <= self.last_use.get(old, -1):  # a tiled group reads it in the next tile
            return new.index in self._spans[last] and self.layouts[old] == self.layouts[new]
        return last <= new.index

    # ------------------------------------------------------------------ the end

    def _settle_lifetimes(self) -> None:
        for value, home in self.homes.items():
            if home.buffer is None:
                continue
            buffer = self.buffers[home.buffer]
            first = value.index if not isinstance(value.node.op, Input) else -1
            if value.index in self._spans and not buffer.tiled:
                first = self._spans[value.index][0]  # the second tile writes again while earlier steps run
            buffer.start = min(buffer.start, first)
            buffer.end = max(buffer.end, value.index, self.last_use.get(value, -1))
        for buffer in self.buffers:
            if buffer.inside is not None:
                buffer.end = max(buffer.end, self.buffers[buffer.inside[0]].end)


def _bytes(value: Value) -> Dim:
    return value.type.size * ITEM_SIZES[value.dtype]
