"""Plans the body of a scan: what it reads and writes are windows that move with time, the rest is planned once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnc.ir import Graph, Value, copy_into
from nnc.ir.decisions import undecided
from nnc.ir.leaves import WINDOW
from nnc.ops.scan import Scan
from nnc.plan.prepacking import Prepack, no_prepack

if TYPE_CHECKING:
    from nnc.plan.flatten import Workspace
    from nnc.plan.plan import Plan
    from nnc.plan.separable import Rows


@dataclass(frozen=True, slots=True)
class Carry:
    """The places where a carry is read and written.

    Args:
        operand: label of the window the body reads.
        result: label of the window the body writes, None where the body writes it as a stack.
        before: stack that holds the carries as they were before each step, or None.
        after: stack that holds the carries as they are after each step, or None.
    """

    operand: str
    result: str | None
    before: int | None = None
    after: int | None = None


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


def window_graph(op: Scan) -> tuple[Graph, tuple[Carry, ...]]:
    """Return the body with states instead of inputs and updates instead of outputs.

    A carry whose new value is stacked anyway is read where the step before has put it; one whose old value is stacked
    is written where the next step's old value belongs. Any other carry is updated in the memory of the last carry.
    """
    inputs, outputs = list(op.body.inputs.items()), list(op.body.outputs.values())
    graph = Graph("step")
    stacks = outputs[op.carries :]
    carries: list[Carry] = []
    used: set[int] = set()
    for position in range(op.carries):
        new, old = outputs[position], inputs[position][1]
        after = next((index for index, value in enumerate(stacks) if value == new and index not in used), None)
        before = next((index for index, value in enumerate(stacks) if value == old and index not in used), None)
        if after is not None and new != old:
            carries.append(Carry(f"c{position}", None, after=after))
            used.add(after)
        elif before is not None and new != old:
            carries.append(Carry(f"c{position}", f"d{position}", before=before))
            used.add(before)
        else:
            carries.append(Carry(f"c{position}", f"c{position}"))

    def window(label: str, like: Value) -> Value:
        if label not in graph.states:
            graph.state(label, like.type, WINDOW)
        return graph.states[label]

    last = op.carries + op.sequences
    labels: dict[str, Value] = {}
    for position, (label, value) in enumerate(inputs):
        kind, number = ("c", 0) if position < op.carries else ("x", op.carries) if position < last else ("w", last)
        labels[label] = window(f"{kind}{position - number}", value)
    found = list(copy_into(graph, op.body, labels).values())
    for carry, value in zip(carries, found, strict=False):
        if carry.result is not None:
            window(carry.result, value)
            graph.update(carry.result, value)
    filled = {carry.before for carry in carries}
    for number, value in enumerate(found[op.carries :]):
        if number not in filled:
            window(f"y{number}", value)
            graph.update(f"y{number}", value)
    return graph, tuple(carries)


def plan_body(
    op: Scan,
    bindings: Mapping[str, int],
    reuse: bool,
    workspace: Workspace,
    in_nests: bool = False,
    prepack: Prepack = no_prepack,
    unchanged: Collection[str] = (),
) -> tuple[Plan, tuple[Carry, ...], Rows | None]:
    """Return the plan of a body, how its carries move, and what may be divided into blocks.

    Blocks may be in different steps at the same time, so that their values share no memory with others of the body.
    """
    from nnc.plan.binding import bound_constants
    from nnc.plan.flatten import flatten
    from nnc.plan.plan import make_plan

    graph, carries = window_graph(op)
    if not in_nests:
        return make_plan(graph, bindings, reuse, workspace, None), carries, None
    from nnc.plan.separable import find_rows  # only nests need it

    with undecided():
        flat = flatten(graph, workspace, None, in_parts=True)
    is_separable = find_rows(op, flat.graph, bound_constants(flat, bindings)) is not None
    plan = make_plan(
        graph, bindings, reuse, workspace, None, in_nests, not is_separable, prepack=prepack, unchanged=unchanged
    )
    return plan, carries, find_rows(op, plan.graph, plan.storage.constants) if is_separable else None
