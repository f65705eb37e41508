"""The verifier finds each way in which a graph can break the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from nnc.errors import GraphError
from nnc.ir import Graph, Input, State, TensorType, Value, ops, verify
from nnc.ir.ops.fusion import Fusion
from tests.strategies import random_graphs

VECTOR = TensorType("float32", (3,))


def sample() -> Graph:
    """x → relu (node 2) → tanh (node 3), with a state @w (node 1)."""
    graph = Graph("sample")
    x = graph.input("x", VECTOR)
    w = graph.state("w", VECTOR, "parameter")
    y = ops.tanh(ops.relu(x))
    graph.output("y", y)
    graph.update("w", y * w)
    return graph


@given(random_graphs(level="any"))
def test_built_graphs_are_correct(graph):
    verify(graph)
    verify(graph, illegal={"fusion"})


def _change(position: int, **changes: object):
    def apply(graph: Graph) -> None:
        graph.nodes[position] = replace(graph.nodes[position], **changes)

    return apply


def _add_body(graph: Graph, change) -> None:
    body = Graph("body")
    body.output("result", ops.relu(body.input("a", VECTOR)))
    graph.add(Fusion("k", body), graph.inputs["x"])
    change(body)


def _set(table: str, label: str, make):
    return lambda graph: getattr(graph, table).__setitem__(label, make(graph))


def test_types_put_in_by_hand_are_not_trusted_in_a_copy():
    damaged = sample()
    _change(3, types=(TensorType("float32", (4,)),))(damaged)
    copy = Graph("copy")
    values: dict[Value, Value] = {}
    for node in damaged.nodes:
        results = copy.copy_node(node, [values[operand] for operand in node.operands])
        values.update(zip(damaged.results(node), results, strict=True))
    verify(copy)
    assert copy.nodes[3].types == (VECTOR,)


@pytest.mark.parametrize(
    ("damage", "fragment"),
    [
        (_change(3, index=2), "node 3 (tanh) has index 2"),
        (_change(3, phase="backwards"), "node 3 (tanh) has unknown phase 'backwards'"),
        (
            _change(3, types=(TensorType("float32", (4,)),)),
            "node 3 (tanh) has types (f32[4],), its op infers (f32[3],)",
        ),
        (_change(3, operands=()), "node 3 (tanh): 'tanh' takes 1 operands, got 0"),
        (_change(3, names=("a", "b")), "node 3 (tanh) has 2 names for 1 results"),
        (
            lambda graph: _change(2, operands=(Value(graph, 3),))(graph),
            "node 2 (relu) reads a value that is not defined before it",
        ),
        (lambda graph: _change(2, operands=(Value(graph, 2),))(graph), "reads a value that is not defined before it"),
        (
            lambda graph: _change(2, operands=(Value(graph, 0, 1),))(graph),
            "reads a value that is not defined before it",
        ),
        (lambda graph: _change(2, operands=(Value(graph, -4),))(graph), "reads a value that is not defined before it"),
        (_change(2, operands=(Value(sample(), 0),)), "reads a value that is not defined before it"),
        (_set("outputs", "z", lambda graph: Value(sample(), 0)), "an output or update is not a value of this graph"),
        (_set("outputs", "z", lambda graph: Value(graph, 9)), "an output or update is not a value of this graph"),
        (_set("updates", "w", lambda graph: ops.sum(graph.inputs["x"])), "update of '@w' does not fit the state"),
        (_set("updates", "v", lambda graph: graph.inputs["x"]), "update of '@v' does not fit the state"),
        (lambda graph: graph.add(Input("z", VECTOR)), "(input) is not declared under its name 'z'"),
        (lambda graph: graph.add(State("w", VECTOR, "parameter")), "(state) is not declared under its name 'w'"),
        (lambda graph: _add_body(graph, lambda body: body.state("v", VECTOR, "slot")), "a body cannot have state"),
        (
            lambda graph: _add_body(graph, lambda body: _change(1, phase="?")(body)),
            "node 1 (relu) has unknown phase '?'",
        ),
    ],
)
def test_broken_rules_are_found(damage, fragment):
    graph = sample()
    verify(graph)
    damage(graph)
    with pytest.raises(GraphError) as caught:
        verify(graph)
    assert fragment in str(caught.value)


def test_ops_can_be_illegal_at_a_stage():
    graph = sample()
    with pytest.raises(GraphError, match=r"node 3 \(tanh\) is not legal at this stage") as caught:
        verify(graph, illegal={"tanh", "fusion"})
    (note,) = caught.value.__notes__
    assert note == f"in the graph\n{graph}"


@pytest.mark.parametrize(
    ("name", "fragment"), [("fusion", "node 1 (fusion.k) is not"), ("relu", "node 1 (relu) is not")]
)
def test_bodies_are_checked_too(name, fragment):
    graph = Graph("sample")
    graph.input("x", VECTOR)
    _add_body(graph, verify)
    verify(graph)
    with pytest.raises(GraphError) as caught:
        verify(graph, illegal={name})
    assert fragment in str(caught.value)
