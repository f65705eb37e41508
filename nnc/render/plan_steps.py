"""A plan's steps as data: what runs after what, and where each result lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnc.ir import Node, Value
from nnc.ir.names import name_text
from nnc.ir.ops.fusion import Fusion
from nnc.ir.printer import node_line, operand_text
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Place, Plan, StepGroup, is_step


@dataclass(frozen=True, slots=True)
class Location:
    """The place of a value for the sizes that a plan was made for.

    Args:
        name: the value as texts print it, such as ``%dense`` or ``@dense/kernel``.
        type: its element type and shape with symbols, such as ``f32[batch,2]``.
        text: where it lies, in the words of the plan's text: ``0:256 in place``, ``view of @parameters``.
        offset: byte at which its first element lies, counted from the start of the arena, or of the state.
        nbytes: bytes of its elements.
        buffer: number of its buffer in the plan, None where it lies in a state, a constant or a register.
        view_of: name of the value that it is a view of; empty where it is computed.
        in_place_of: name of the operand whose memory it takes over; empty where it has memory of its own.
    """

    name: str
    type: str
    text: str
    offset: int
    nbytes: int
    buffer: int | None = None
    view_of: str = ""
    in_place_of: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan.

    Args:
        index: number in the plan's text; a copy to a state at the end is numbered after all nodes.
        source: index in `Plan.source` of the node it comes from, None where the planner added it.
        op: title of the op, such as ``matmul``.
        text: line of the plan's text, without where results lie.
        path: layer it came from, such as ``encoder/dense_1``; empty where there is none.
        phase: one of `nnc.ir.PHASES`.
        kind: ``step`` for what runs, ``view`` for what costs nothing, ``constant`` for what is known beforehand.
        reads: operands as the text prints them.
        results: what it makes, with where it lies.
        flops: floating-point operations.
        fusion: title of the fusion it is a part of; empty where it runs by itself.
        tile: elements of a tile where the fusion runs tile by tile, otherwise None.
        loop: what runs in each round, where the step is a loop.
        rounds: how often, and 1 where the step is not a loop.
        loop_offset: byte at which the loop's part of the arena begins, from which the bytes in `loop` count.
    """

    index: int
    source: int | None
    op: str
    text: str
    path: str
    phase: str
    kind: str
    reads: tuple[str, ...]
    results: tuple[Location, ...]
    flops: int = 0
    fusion: str = ""
    tile: int | None = None
    loop: tuple[Step, ...] = ()
    rounds: int = 1
    loop_offset: int = 0

    @property
    def is_view(self) -> bool:
        """Whether it finds its results in another value and computes nothing."""
        return self.kind == "view"

    @property
    def in_place(self) -> bool:
        """Whether a result takes over the memory of an operand."""
        return any(result.in_place_of for result in self.results)

    @property
    def nbytes(self) -> int:
        """Bytes of all results."""
        return sum(result.nbytes for result in self.results)


def inputs_of(plan: Plan) -> tuple[Location, ...]:
    """Return where the inputs lie, in the order in which the graph declares them."""
    places = plan.places(plan.bindings)
    return tuple(_location(plan, value, places[value]) for value in plan.graph.inputs.values())


def steps_of(plan: Plan, path: str = "", phase: str = "") -> tuple[Step, ...]:
    """Return the steps of a plan in the order of execution, with views and constants where they stand among them.

    Args:
        plan: the plan.
        path: layer of nodes that name none, as those of a loop's body do.
        phase: phase of all nodes, where they are those of a loop's body; empty takes the nodes' own.
    """
    return tuple(_steps(plan, path, phase))


def _steps(plan: Plan, path: str, phase: str) -> Iterator[Step]:
    places = plan.places(plan.bindings)
    for group in plan.groups:
        for index in group.steps:
            yield _step(plan, plan.graph.nodes[index], group, places, path, phase)
    for number, (label, value) in enumerate(plan.storage.copies):
        name, text = f"@{name_text(label)}", operand_text(value, plan.names)
        nbytes = places[value].type.nbytes
        yield Step(
            index=plan.storage.end + number,
            source=None,
            op="copy",
            text=f"copy {text} to {name}",
            path=path,
            phase=phase or "update",
            kind="step",
            reads=(text,),
            results=(Location(name, str(value.type), name, 0, nbytes),),
        )


def _step(plan: Plan, node: Node, group: StepGroup, places: Mapping[Value, Place], path: str, phase: str) -> Step:
    results = plan.graph.results(node)
    where = node.path or path, phase or node.phase
    loop = plan.loops.get(node.index)
    kind = "step" if is_step(plan, node.index) else "view" if results[0] in plan.storage.views else "constant"
    operands = [value.type.bind(plan.bindings) for value in node.operands]
    types = [places[value].type for value in results]
    return Step(
        index=node.index,
        source=_source_index(plan, group),
        op=node.op.title,
        text=node_line(node, plan.names, with_body=False).partition("  # ")[0],
        path=where[0],
        phase=where[1],
        kind=kind,
        reads=tuple(operand_text(value, plan.names) for value in node.operands),
        results=tuple(_location(plan, value, places[value]) for value in results),
        flops=node.op.bind(plan.bindings).flops(operands, types) if kind == "step" else 0,
        fusion=group.node.op.title if isinstance(group.node.op, Fusion) else "",
        tile=group.tile,
        loop=() if loop is None else steps_of(loop.plan, *where),
        rounds=1 if loop is None else int(loop.op.time(operands)),
        loop_offset=0 if loop is None else plan.offsets[loop.arena],
    )


def _source_index(plan: Plan, group: StepGroup) -> int | None:
    index = group.node.index
    return index if index < len(plan.source.nodes) and plan.source.nodes[index] is group.node else None


def _location(plan: Plan, value: Value, place: Place) -> Location:
    viewed, taken = plan.storage.views.get(value), _taken_over(plan, value)
    return Location(
        name=operand_text(value, plan.names),
        type=str(value.type),
        text=plan.where(value),
        offset=place.byte_offset + int(place.layout.offset) * ITEM_SIZES[place.type.dtype],
        nbytes=place.type.nbytes,
        buffer=place.home.buffer,
        view_of="" if viewed is None else operand_text(viewed, plan.names),
        in_place_of="" if taken is None else operand_text(taken, plan.names),
    )


def _taken_over(plan: Plan, value: Value) -> Value | None:
    """Return the value whose memory a result takes over, or None."""
    storage = plan.storage
    position = storage.inplace.get(value.index)
    if position is None:
        return None
    operand, home = value.node.operands[position], storage.homes[value]
    if storage.homes[operand] == home:
        return operand
    # In a loop nest it may be what an earlier step of the nest reads.
    return max((other for other in storage.inhabitants[home] if other.index < value.index), key=lambda x: x.index)
