"""The body of a scan as it is planned: what it reads and writes are windows that move with time."""

from __future__ import annotations

from dataclasses import dataclass

from nnc.ir import Graph, Input, Node, Value
from nnc.ir.leaves import WINDOW
from nnc.ir.ops.scan import Scan
from nnc.passes.lowering import leave


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


def window_graph(op: Scan) -> tuple[Graph, tuple[Carry, ...]]:
    """Return the body with states instead of inputs and updates instead of outputs.

    A carry whose new value is stacked anyway is read where the step before has put it; one whose old value is stacked
    is written where the next step's old value belongs. Any other carry is updated in the memory of the last carry.

    Args:
        op: the scan; its body went through the pass ``inline``.
    """
    body, carries = op.body, _carries(op)
    graph, values = Graph("step"), dict[Value, Value]()

    def window(label: str, like: Value) -> Value:
        return graph.state(label, like.type, WINDOW) if label not in graph.states else graph.states[label]

    for label, value in zip(window_labels(op), body.inputs.values(), strict=True):
        values[value] = window(label, value)
    outputs = list(body.outputs.values())
    filled = {carry.before for carry in carries}
    written = {carry.result: value for carry, value in zip(carries, outputs, strict=False) if carry.result is not None}
    written |= {f"y{number}": value for number, value in enumerate(outputs[op.carries :]) if number not in filled}
    for label, value in written.items():
        window(label, value)
    origins: dict[int, Node] = {}
    for node in body.nodes:
        if isinstance(node.op, Input):
            continue
        first = len(graph.nodes)
        results = graph.copy_node(node, [values[operand] for operand in node.operands])
        values.update(zip(body.results(node), results, strict=True))
        if node.index in body.origins:
            origins |= dict.fromkeys(range(first, len(graph.nodes)), body.origins[node.index])
    leave(graph, {}, {label: values[value] for label, value in written.items()})
    graph.source, graph.origins = body.source, origins
    return graph, carries


def _carries(op: Scan) -> tuple[Carry, ...]:
    """Return how the carries of a loop move."""
    inputs, outputs = list(op.body.inputs.values()), list(op.body.outputs.values())
    stacks = outputs[op.carries :]
    carries: list[Carry] = []
    used: set[int] = set()
    for position in range(op.carries):
        new, old = outputs[position], inputs[position]
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
    return tuple(carries)


def window_labels(op: Scan) -> list[str]:
    """Return the labels of the windows that a body reads instead of its inputs: carries, sequences, and all others."""
    counts = {"c": op.carries, "x": op.sequences, "w": len(op.body.inputs) - op.carries - op.sequences}
    return [f"{kind}{number}" for kind, count in counts.items() for number in range(count)]
