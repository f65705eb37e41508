"""Checks that a graph keeps the rules of the intermediate representation."""

from __future__ import annotations

from collections.abc import Container

from nnc.errors import GraphError, NncError
from nnc.ir.graph import PHASES, Graph, Node, Value
from nnc.ir.leaves import Input, State


def verify(graph: Graph, illegal: Container[str] = ()) -> None:
    """Check a graph and the bodies inside it.

    Args:
        graph: what to check.
        illegal: names of ops that may not occur at this stage.

    Raises:
        GraphError: a rule is broken; the graph's text is added to the error as a note.
    """
    try:
        is_inferred = all(map(graph.has_inferred, graph.nodes))
        for position, node in enumerate(graph.nodes):
            _verify_node(graph, position, node, illegal, is_inferred)
        for value in graph.roots:
            if not _exists(graph, value, len(graph.nodes)):
                raise GraphError("an output or update is not a value of this graph")
        for label, value in graph.updates.items():
            if label not in graph.states or graph.states[label].type != value.type:
                raise GraphError(f"update of '@{label}' does not fit the state")
    except GraphError as error:
        error.add_note(f"in the graph\n{_text(graph)}")
        raise


def check_legal(graph: Graph, illegal: Container[str]) -> None:
    """Check that neither a graph nor the bodies inside it have ops that may not occur at this stage.

    Raises:
        GraphError: one occurs; the graph's text is added to the error as a note.
    """
    for position, node in enumerate(graph.nodes):
        if node.op.name in illegal:
            error = GraphError(f"{_where(position, node)} is not legal at this stage")
            error.add_note(f"in the graph\n{_text(graph)}")
            raise error
        for body in node.op.bodies:
            check_legal(body, illegal)


def _text(graph: Graph) -> str:
    try:
        return str(graph)
    except (LookupError, ValueError):  # the broken rule is one that texts rely on
        return repr(graph)


def _exists(graph: Graph, value: Value, end: int) -> bool:
    """Whether a value is a result of one of the graph's first `end` nodes."""
    return value.graph is graph and 0 <= value.index < end and 0 <= value.result < len(value.node.types)


def _verify_types(node: Node, where: str) -> None:
    try:
        types = node.op.result_types([operand.type for operand in node.operands])
    except NncError as error:
        raise GraphError(f"{where}: {error}") from error
    if types != node.types:
        raise GraphError(f"{where} has types {node.types}, its op infers {types}")


def _verify_node(graph: Graph, position: int, node: Node, illegal: Container[str], is_inferred: bool) -> None:
    op = node.op
    if node.index != position:
        raise GraphError(f"{_where(position, node)} has index {node.index}")
    if op.name in illegal:
        raise GraphError(f"{_where(position, node)} is not legal at this stage")
    if node.phase not in PHASES:
        raise GraphError(f"{_where(position, node)} has unknown phase {node.phase!r}")
    for operand in node.operands:
        if not _exists(graph, operand, position):
            raise GraphError(f"{_where(position, node)} reads a value that is not defined before it")
    if len(node.names) != len(node.types):
        raise GraphError(f"{_where(position, node)} has {len(node.names)} names for {len(node.types)} results")
    if isinstance(op, Input | State):
        declared = graph.inputs if isinstance(op, Input) else graph.states
        if declared.get(op.label) is not graph.results(node)[0]:
            raise GraphError(f"{_where(position, node)} is not declared under its name '{op.label}'")
    bodies = op.bodies
    if not is_inferred or bodies:  # a body may have been changed since
        _verify_types(node, _where(position, node))
    for body in bodies:
        if any(isinstance(inner.op, State) for inner in body.nodes):
            raise GraphError(f"{_where(position, node)}: a body cannot have state of its own")
        verify(body, illegal)


def _where(position: int, node: Node) -> str:
    return f"node {position} ({node.op.title})"
