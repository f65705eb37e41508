"""The last passes, behind ``schedule``: they differ by target, and end with what opens fusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from nnc.ir import Constant, Graph, Input, Node, Op, Rewriter, State, Value
from nnc.ir.decisions import decide, in_loop, is_listened_to
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.movement import Copy, Reshape
from nnc.ir.ops.packing import Unpack
from nnc.ir.ops.scan import Scan
from nnc.passes.base import Observer, Pass, run_passes
from nnc.target import PLAIN, Target


def lowering_pipeline(target: Target) -> tuple[Pass, ...]:
    """Return the passes from an optimised, scheduled graph to one whose nodes are the steps that a target runs."""
    if not target.in_nests:
        return (Inline(),)
    from nnc.passes.sink import Sink  # only nests need them
    from nnc.passes.split import Split

    return (
        Sink(),  # first: what moves into a loop is not split
        Split(),
        Inline(),
    )


def lower(graph: Graph, target: Target, observe: Observer | None = None) -> Graph:
    """Return a scheduled graph as `nnc.plan.make_plan` takes it; for each pipeline it is made once.

    Args:
        graph: the graph; one that is lowered already is returned as it is.
        target: what it is for.
        observe: called after each pass, where passes run.

    Raises:
        GraphError: a pass has made a graph that breaks a rule.
    """
    if graph.source is not None:
        return graph
    passes = lowering_pipeline(target)
    key = passes, len(graph.nodes), len(graph.outputs), len(graph.updates)  # it may have grown since
    known = graph.lowered.get(key)
    if known is None or is_listened_to():
        known = graph.lowered[key] = run_passes(graph, passes, observe, is_verified=observe is not None)
    return known


def inlined(graph: Graph) -> Graph:
    """Return a graph without fusions, for whoever looks at its values one by one; it is made once."""
    return lower(graph, PLAIN)


@dataclass(frozen=True)
class Inline(Pass, name="inline"):
    """Replaces each ``fusion`` by the ops of its body, and copies what cannot be read where it lies.

    That is what an op needs dense and a view may have scattered, and a state that leaves the graph under another name
    although it changes. The new graph knows which node of the old one each of its nodes comes from (`Graph.source`,
    `Graph.origins`); every graph that is planned has been through here.
    """

    enters_bodies: ClassVar[bool] = False  # the source keeps its own
    removes: ClassVar[frozenset[str]] = frozenset({"fusion"})

    def run(self, graph: Graph) -> Graph:
        """Return the graph without fusions."""
        return _Inlined(graph).run()


class _Inlined:
    """A graph that is being inlined.

    Args:
        source: the graph with fusions.
    """

    def __init__(self, source: Graph) -> None:
        self.source = source
        self.rewriter = Rewriter(source)
        self.copies: dict[Value, Value] = {}  # dense ones, by what they are copies of

    @property
    def graph(self) -> Graph:
        """The new graph."""
        return self.rewriter.graph

    def run(self) -> Graph:
        origins: dict[int, Node] = {}
        for node in self.source.nodes:
            if isinstance(node.op, Input | State):
                continue
            first = len(self.graph.nodes)
            operands = list(self.rewriter.operands(node))
            with self.graph.scope(node.path, node.phase):
                if isinstance(node.op, Fusion):
                    results: Sequence[Value] = self._opened(node.op.body, operands)
                else:
                    copied = _with_open_body(self.source, node) if isinstance(node.op, Scan) else node
                    results = self.graph.copy_node(copied, self._dense(node.op, operands))
            self.rewriter.replace(node, results)
            if isinstance(node.op, Fusion):
                for name, result in zip(node.names, results, strict=True):
                    if name:
                        self.graph.set_name(result, name)
            origins |= dict.fromkeys(range(first, len(self.graph.nodes)), node)
        outputs = {label: self.rewriter[value] for label, value in self.source.outputs.items()}
        updates = {label: self.rewriter[value] for label, value in self.source.updates.items()}
        leave(self.graph, outputs, updates)
        self.graph.source, self.graph.origins = self.source, origins
        return self.graph

    def _opened(self, body: Graph, operands: Sequence[Value]) -> list[Value]:
        values: dict[Value, Value] = dict(zip(body.inputs.values(), operands, strict=True))
        for node in body.nodes:
            if isinstance(node.op, Input):
                continue
            given = [values[operand] for operand in node.operands]
            if isinstance(node.op, Constant):
                results: Sequence[Value] = (self.graph.add_constant(node.op),)
            elif isinstance(node.op, Fusion):
                results = self._opened(node.op.body, given)
            else:
                opened = _with_open_body(body, node) if isinstance(node.op, Scan) else node
                results = self.graph.copy_computation(opened, self._dense(node.op, given))
            values.update(zip(body.results(node), results, strict=True))
        return [values[value] for value in body.outputs.values()]

    def _dense(self, op: Op, operands: list[Value]) -> list[Value]:
        """Return the operands of an op, copied where it needs them dense and they may not be."""
        for position in op.dense:
            value = operands[position]
            if _may_be_strided(value):
                if value not in self.copies:
                    self.copies[value] = copy = self.graph.add(Copy(), value)[0]
                    reason = ("{} needs elements that lie one behind the other", op.title)
                    decide("read where it is", copy.node, "{}", value, reason=reason, after=(copy, value))
                operands[position] = self.copies[value]
        return operands


def _with_open_body(graph: Graph, node: Node) -> Node:
    assert isinstance(node.op, Scan)
    with in_loop(graph.results(node)[0]):
        return replace(node, op=replace(node.op, body=Inline().run(node.op.body)))


def leave(graph: Graph, outputs: dict[str, Value], updates: dict[str, Value]) -> None:
    """Let values leave a graph as outputs and updates.

    A state that changes is copied before, if it, or a view of it, leaves the graph under another name.

    Args:
        graph: what they are computed in, else complete.
        outputs: by label.
        updates: by label of the state.
    """
    changed = {label for label, value in updates.items() if value != graph.states[label]}

    def leaving(value: Value) -> Value:
        if _state_of(value) not in changed:
            return value
        copy = graph.add(Copy(), value)[0]
        reason = ("{} changes before it leaves the graph", value)
        decide("read where it is", copy.node, "{}", value, reason=reason, after=(copy, value))
        return copy

    for label, value in outputs.items():
        graph.output(label, leaving(value))
    for label, value in updates.items():
        graph.update(label, leaving(value) if label in changed else value)


def _state_of(value: Value) -> str | None:
    """Return the name of the state that a value is, or may be a view of."""
    node = value.node
    while node.operands and type(node.op).view is not Op.view:
        node = node.operands[0].node
    return node.op.label if isinstance(node.op, State) else None


def _may_be_strided(value: Value) -> bool:
    """Whether the value may be a view whose elements do not lie in row-major order."""
    node = value.node
    while node.operands and type(node.op).view is not Op.view:
        if not isinstance(node.op, Reshape | Unpack):
            return True
        node = node.operands[0].node
    return False
