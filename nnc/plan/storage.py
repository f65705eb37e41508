"""The decisions about memory: which buffers there are, where each value lives, and what is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy

from nnc.ir import Constant, Dim, Graph, Input, Layout, Node, State, TensorType, Value
from nnc.ir.types import ITEM_SIZES
from nnc.target import Prepacked, Target

if TYPE_CHECKING:
    from nnc.plan.chains import Chain
    from nnc.plan.lanes import LaneLoop
    from nnc.plan.nests import Nest


@dataclass(frozen=True, slots=True)
class StepGroup:
    """Consecutive steps that come from one node.

    Args:
        node: the node, a fusion or a single op of `Graph.source`; a step itself where a pass has added a copy.
        steps: indices of the nodes that are planned, ascending.
        tile: elements of a tile where the steps run tile by tile over one axis, otherwise None.
    """

    node: Node
    steps: tuple[int, ...]
    tile: int | None = None


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
    """The home of a value: a buffer of the arena, a state, a constant, or a register; exactly one is set.

    What a nest or a chain passes on to itself alone counts as in a register, also where it is some rows in memory.
    """

    buffer: int | None = None
    state: str | None = None
    constant: bool = False
    register: bool = False


@dataclass(eq=False, repr=False)
class Storage:
    """All decisions about memory but the offsets, as `nnc.plan.homes.find_homes` makes them.

    Args:
        graph: the graph without fusions.
        groups: its steps by the nodes they come from.
        bindings: largest size of each run-time dimension.
        target: what the plan is for.
        reuse: whether buffers share memory.
        unchanged: labels of the states that no run changes.

    Attributes:
        constants: values that are known once the sizes are, and need no step.
        nests: the steps that each elementwise step, or a product at their head, runs together with, where these run
            in loops.
        chains: the products and the rows between them that a step runs together with, where it does.
        lane_loops: the loop over rows of replicas that a step runs in, where it does.
        group_of: the group of each step.
        spans: all steps that run together with a step, in tiles or in a nest; only for steps that do.
        readers: the steps that read each value, where there may be nests.
        last_reader: the last step that reads each value itself; a view is a reader, and its own readers are not.
        last_use: the step until which each value is needed: tiles and loops come back to it.
        updated: new states, and what they are views of.
        homes: where each value lives.
        layouts: how it lies there, with symbols, so that what is decided by them holds for all sizes.
        inhabitants: the values by home.
        needed_until: the last step that needs what lies in a home.
        views: values that are views of another value, with that value.
        inplace: steps whose result takes over the buffer (or state) of an operand, with the operand's position; in a
            nest the operand may be that of an earlier step.
        copies: values to be copied to a state at the end, as (state, value).
        unplaced: positions of a pack's operands (by step) that must be copied into place.
        workspaces: buffers of each step's workspace, with the types they hold.
        arenas: buffers for the values of the bodies of scans, by step.
        prepacked: what steps read instead of an operand that no run changes.
        buffers: the pieces of the arena.
        extents: bytes of each buffer, with symbols.
        packs: buffers with other buffers inside.
    """

    graph: Graph
    groups: tuple[StepGroup, ...]
    bindings: Mapping[str, int]
    target: Target
    reuse: bool
    unchanged: frozenset[str]
    constants: Mapping[Value, numpy.ndarray] = field(default_factory=dict)
    nests: Mapping[int, Nest] = field(default_factory=dict)
    chains: Mapping[int, Chain] = field(default_factory=dict)
    lane_loops: Mapping[int, LaneLoop] = field(default_factory=dict)
    group_of: Mapping[int, StepGroup] = field(default_factory=dict)
    spans: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    readers: Mapping[Value, set[int]] = field(default_factory=dict)
    last_reader: Mapping[Value, int] = field(default_factory=dict)
    last_use: Mapping[Value, int] = field(default_factory=dict)
    updated: frozenset[Value] = frozenset()
    homes: dict[Value, Home] = field(default_factory=dict)
    layouts: dict[Value, Layout] = field(default_factory=dict)
    inhabitants: dict[Home, list[Value]] = field(default_factory=dict)
    needed_until: dict[Home, int] = field(default_factory=dict)
    views: dict[Value, Value] = field(default_factory=dict)
    inplace: dict[int, int] = field(default_factory=dict)
    copies: list[tuple[str, Value]] = field(default_factory=list)
    unplaced: dict[int, tuple[int, ...]] = field(default_factory=dict)
    workspaces: dict[int, tuple[tuple[int, TensorType], ...]] = field(default_factory=dict)
    arenas: dict[int, int] = field(default_factory=dict)
    prepacked: dict[int, Prepacked] = field(default_factory=dict)
    buffers: list[Buffer] = field(default_factory=list)
    extents: list[Dim] = field(default_factory=list)
    packs: set[int] = field(default_factory=set)

    @property
    def end(self) -> int:
        """The number behind that of the last step, at which copies to states are made."""
        return len(self.graph.nodes)


def set_home(storage: Storage, value: Value, home: Home, layout: Layout | None = None) -> None:
    """Let a value live in a home, by default dense."""
    storage.homes[value] = home
    storage.inhabitants.setdefault(home, []).append(value)
    storage.needed_until[home] = max(storage.needed_until.get(home, -1), storage.last_use.get(value, -1))
    storage.layouts[value] = Layout.dense(value.shape) if layout is None else layout


def new_buffer(storage: Storage, value: Value, start: int, tiled: int | None = None) -> None:
    """Let a value live in a buffer of its own.

    Args:
        storage: what is decided so far.
        value: the value.
        start: the step that computes it.
        tiled: elements of a tile, where only one tile of it is needed at a time.
    """
    type = value.type.bind(storage.bindings)
    nbytes = type.nbytes if tiled is None else tiled * ITEM_SIZES[type.dtype]
    buffer = Buffer(len(storage.buffers), value.name, nbytes, start, start, tiled=tiled is not None)
    storage.buffers.append(buffer)
    storage.extents.append(symbolic_bytes(value))
    set_home(storage, value, Home(buffer=buffer.index))


def new_space(storage: Storage, name: str, nbytes: int, start: int, end: int) -> int:
    """Return the number of a new buffer that no value lives in."""
    storage.buffers.append(Buffer(len(storage.buffers), name, nbytes, start, end))
    storage.extents.append(nbytes)
    return len(storage.buffers) - 1


def runs_by_rows(lane_loops: Mapping[int, LaneLoop], step: int) -> bool:
    """Return whether a step runs in a loop over rows of replicas, rather than behind it or by itself."""
    return step in lane_loops and step in lane_loops[step].steps


def symbolic_bytes(value: Value) -> Dim:
    """Return the bytes of a value, with symbols."""
    return value.type.size * ITEM_SIZES[value.dtype]


def bound_constants(graph: Graph, bindings: Mapping[str, int]) -> dict[Value, numpy.ndarray]:
    """Return the values that are known once the run-time dimensions are: constants, sizes, and what depends on them."""
    known: dict[Value, numpy.ndarray] = {}
    for node in graph.nodes:
        results = graph.results(node)
        if isinstance(node.op, Input | State) or any(operand not in known for operand in node.operands):
            continue
        if not node.operands and not isinstance(node.op, Constant) and node.op.arity != 0:
            continue
        with numpy.errstate(all="ignore"):
            found = node.op.bind(bindings).evaluate(*(known[operand] for operand in node.operands))
        arrays = found if isinstance(found, tuple) else (found,)
        known.update((value, numpy.asarray(array, value.dtype)) for value, array in zip(results, arrays, strict=True))
    return known
