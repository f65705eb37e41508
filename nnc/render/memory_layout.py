"""A plan's memory as data: where each buffer lies in the arena, and from which step to which."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from nnc.ir import Input
from nnc.plan import Buffer, Plan, is_step


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A buffer: bytes `offset` … `offset + nbytes` of the arena, taken from moment `start` to moment `end`.

    Moments count the steps that run: 0 is before the first step, 1 the first one; `MemoryMap.end` is after the last.

    Args:
        buffer: number of the buffer in the plan.
        name: name of the first value in it, or what else it is for, such as ``workspace of conv``.
        values: names of all values in it, those that take over its memory and views included.
        path: layer that writes it first; empty where there is none.
        phase: one of `nnc.ir.PHASES`.
        kind: ``value``, ``input``, ``workspace`` or ``loop``; the last holds the arena of a loop's body.
        offset: first byte.
        nbytes: its bytes.
        start: first moment.
        end: last moment, included.
        inside: number of the buffer that this one is a part of, None where it stands by itself.
        tiled: whether it holds one tile of a value instead of all of it.
    """

    buffer: int
    name: str
    values: tuple[str, ...]
    path: str
    phase: str
    kind: str
    offset: int
    nbytes: int
    start: int
    end: int
    inside: int | None = None
    tiled: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """The use that a loop's body makes of its part of the arena, in every round.

    Args:
        moment: moment of the step that is the loop.
        offset: byte at which its part of the arena begins.
        rounds: how often the body runs.
        memory: the part itself, with moments and offsets of its own.
    """

    moment: int
    offset: int
    rounds: int
    memory: MemoryMap


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """The arena over time.

    Args:
        rectangles: one per buffer that takes memory, in the plan's order; a pack stands before or after its parts.
        steps: index in the plan's text of the step of each moment, from moment 1 on.
        loops: the loops among the steps.
        arena_bytes: bytes up to the end of the topmost buffer.
        peak_bytes: bytes of the arena with those that align it.
        lower_bound: bytes alive in the fullest moment; no arena can be smaller.
    """

    rectangles: tuple[Rectangle, ...]
    steps: tuple[int, ...]
    loops: tuple[Loop, ...]
    arena_bytes: int
    peak_bytes: int
    lower_bound: int

    @property
    def end(self) -> int:
        """The moment after the last step, in which outputs are read."""
        return len(self.steps) + 1

    def live_bytes(self) -> tuple[int, ...]:
        """Return the bytes that are alive in each moment, from 0 to `end`; a pack counts what is written of it."""
        parts: dict[int, int] = {}
        for rectangle in self.rectangles:
            if rectangle.inside is not None:
                parts[rectangle.inside] = parts.get(rectangle.inside, 0) + rectangle.nbytes
        live = [0] * (self.end + 1)
        for rectangle in self.rectangles:
            for moment in range(rectangle.start, rectangle.end + 1):
                live[moment] += rectangle.nbytes - parts.get(rectangle.buffer, 0)
        return tuple(live)

    @property
    def fullest(self) -> int:
        """The first moment in which as many bytes are alive as the lower bound says."""
        live = self.live_bytes()
        return live.index(max(live))


def rectangles_of(plan: Plan, path: str = "", phase: str = "") -> MemoryMap:
    """Return the memory of a plan for the sizes it was made for.

    Args:
        plan: the plan.
        path: layer of nodes that name none, as those of a loop's body do.
        phase: phase of all nodes, where they are those of a loop's body; empty takes the nodes' own.
    """
    storage, graph = plan.storage, plan.graph
    steps = tuple(index for index in range(len(graph.nodes)) if is_step(plan, index))
    inhabitants = {home.buffer: values for home, values in storage.inhabitants.items() if home.buffer is not None}
    owners = {space: index for index, spaces in storage.workspaces.items() for space, _ in spaces}
    owners |= {arena: index for index, arena in storage.arenas.items()}
    arenas = set(storage.arenas.values())

    def rectangle(buffer: Buffer) -> Rectangle:
        values = sorted(inhabitants.get(buffer.index, ()), key=lambda value: (value.index, value.result))
        node = graph.nodes[owners[buffer.index]] if buffer.index in owners else values[0].node
        kind = "input" if isinstance(node.op, Input) else "value"
        if buffer.index in owners:
            kind = "loop" if buffer.index in arenas else "workspace"
        names = tuple(plan.names[value] for value in values)
        return Rectangle(
            buffer=buffer.index,
            name=names[0] if names else buffer.name,
            values=names,
            path=node.path or path,
            phase=phase or node.phase,
            kind=kind,
            offset=plan.offsets[buffer.index],
            nbytes=buffer.nbytes,
            start=bisect_right(steps, buffer.start),
            end=len(steps) + 1 if buffer.end == storage.end else bisect_right(steps, buffer.end),
            inside=None if buffer.inside is None else buffer.inside[0],
            tiled=buffer.tiled,
        )

    loops = []
    for index, loop in plan.loops.items():
        node = graph.nodes[index]
        rounds = int(loop.op.time([value.type.bind(plan.bindings) for value in node.operands]))
        memory = rectangles_of(loop.plan, node.path or path, phase or node.phase)
        loops.append(Loop(bisect_right(steps, index), plan.offsets[loop.arena], rounds, memory))
    return MemoryMap(
        rectangles=tuple(rectangle(buffer) for buffer in storage.buffers if buffer.nbytes),
        steps=steps,
        loops=tuple(loops),
        arena_bytes=plan.arena_bytes,
        peak_bytes=plan.peak_bytes,
        lower_bound=plan.lower_bound,
    )
