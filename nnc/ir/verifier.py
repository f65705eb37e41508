"""Checks that a graph keeps the rules of the intermediate representation."""

from __future__ import annotations

from collections.abc import Container

from nnc.errors import GraphError, NncError
from nnc.ir.graph import PHASES, Graph, Node
from nnc.ir.leaves import State


def verify(graph: Graph, illegal: Container[str] = ()) -> None:
    """Check a graph and the bodies inside it.

    Args:
        graph: what to check.
        illegal: names of ops that may not occur at this stage.

    Raises:
        GraphError: a rule is broken; the graph's text is added to the error as a note.
    """
    try:
        for position, node in enumerate(graph.nodes):
            _verify_node(graph, position, node, illegal)
        for value in graph.roots:
            if value.graph is not graph or value.index >= len(graph.nodes):
                raise GraphError("an output or update belongs to another graph")
        for label, value in graph.updates.items():
            if label not in graph.states or graph.states[label].type != value.type:
                raise GraphError(f"update of '@{label}' does not fit the state")
    except GraphError as error:
        error.add_note(f"in the graph\n{graph}")
        raise


def _verify_node(graph: Graph, position: int, node: Node, illegal: Container[str]) -> None:
    where = f"node {position} ({node.op.title})"
    if node.index != position:
        raise GraphError(f"{where} has index {node.index}")
    if node.op.name in illegal:
        raise GraphError(f"{where} is not legal at this stage")
    if node.phase not in PHASES:
        raise GraphError(f"{where} has unknown phase {node.phase!r}")
    for operand in node.operands:
        if operand.graph is not graph or operand.index >= position:
            raise GraphError(f"{where} reads a value that is not defined before it")
    try:
        types = node.op.result_types([operand.type for operand in node.operands])
    except NncError as error:
        raise GraphError(f"{where}: {error}") from error
    if types != node.types:
        raise GraphError(f"{where} has types {node.types}, its op infers {types}")
    for attribute in node.op.attributes().values():
        if isinstance(attribute, Graph):
            if any(isinstance(inner.op, State) for inner in attribute.nodes):
                raise GraphError(f"{where}: a body cannot have state of its own")
            verify(attribute, illegal)
