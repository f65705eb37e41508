"""New graphs from old ones: rewriting, copying into another graph, binding symbols."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given

from nnc.ir import Graph, Rewriter, TensorType, Value, copy_into, interpret, ops, symbol, verify
from nnc.ir.ops.arithmetic import Relu
from nnc.ir.ops.fusion import Fusion
from tests.strategies import random_arrays, random_graphs

VECTOR = TensorType("float32", (3,))


@pytest.fixture
def graph() -> Graph:
    return Graph("test")


@pytest.fixture
def x(graph: Graph) -> Value:
    return graph.input("x", VECTOR)


def test_rewriter_replaces_nodes(graph, x):
    state = graph.state("w", VECTOR, "parameter")
    with graph.scope("dense", "loss"):
        hidden = graph.add(Relu(), x * state, names=["h"])[0]
    graph.output("y", hidden + hidden)
    graph.update("w", hidden)
    rewriter = Rewriter(graph, name="new")
    for node in graph.nodes:
        if node.op == Relu():
            rewriter.replace(node, [ops.tanh(rewriter.operands(node)[0])])
        else:
            rewriter.keep(node)
    result = rewriter.finish()
    verify(result)
    assert hidden in rewriter and rewriter[hidden].node.op.name == "tanh"
    assert [node.op.name for node in result.nodes] == ["input", "state", "multiply", "tanh", "add"]
    assert (result.name, result.nodes[2].path, result.nodes[2].phase) == ("new", "dense", "loss")
    assert result.updates["w"].node.op.name == "tanh"
    assert graph.nodes[hidden.index].op == Relu()


@given(random_graphs(level="any"))
def test_rewriter_that_keeps_everything_changes_nothing(graph):
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        assert rewriter.keep(node) == rewriter.keep(node)
    assert rewriter.finish() == graph


def test_what_is_kept_behind_what_is_replaced_infers_no_types(graph, x, monkeypatch):
    hidden = graph.add(Relu(), x)[0]
    graph.output("y", hidden + hidden + x)
    rewriter = Rewriter(graph)
    rewriter.replace(hidden.node, [rewriter[x] * 2.0])  # of an equal type that is another object
    monkeypatch.setattr(type(graph.outputs["y"].node.op), "infer", None)
    for node in graph.nodes[hidden.index + 1 :]:
        rewriter.keep(node)
    assert [str(node.types[0]) for node in rewriter.finish().nodes] == ["f32[3]", "f32[]", *["f32[3]"] * 3]


def test_copy_into_replaces_inputs(graph, x):
    other = Graph("other")
    left, right = other.input("left", VECTOR), other.input("right", VECTOR)
    other.output("difference", left - right * 2.0)
    copied = copy_into(graph, other, {"left": x, "right": x})
    graph.output("y", copied["difference"])
    outputs, _ = interpret(graph, {"x": [1.0, 2.0, 3.0]})
    assert outputs["y"].tolist() == [-1.0, -2.0, -3.0]
    assert list(graph.inputs) == ["x"]


@given(random_graphs(level="any"))
def test_binding_keeps_the_meaning(graph):
    bound = graph.bind({"batch": 3})
    verify(bound)
    assert not bound.symbols
    arrays = random_arrays(graph, batch=3)
    for found, expected in zip(interpret(bound, *arrays), interpret(graph, *arrays), strict=True):
        assert found.keys() == expected.keys()
        for label, array in found.items():
            numpy.testing.assert_array_equal(array, expected[label])


def test_binding_reaches_into_bodies():
    pairs = symbol("batch") * symbol("time")
    body = Graph("body")
    operand = body.input("a", TensorType("float32", (pairs,)))
    body.output("result", ops.tanh(operand) / ops.size(operand))
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"), symbol("time"))))
    graph.output("y", graph.add(Fusion("k", body), ops.reshape(x, (-1,)))[0])
    outputs, _ = interpret(graph, {"x": numpy.ones((2, 3))})
    numpy.testing.assert_allclose(outputs["y"], numpy.full(6, numpy.tanh(1.0) / 6.0), rtol=1e-6)
    bound = graph.bind({"batch": 2, "time": 3})
    assert bound.nodes[-1].op.body.inputs["a"].shape == (6,)
    assert graph.nodes[-1].op.body is body
    unchanged = Relu()
    assert unchanged.bind({"batch": 2}) is unchanged
