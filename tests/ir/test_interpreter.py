"""The interpreter: what a graph means."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.errors import GraphError, ShapeError
from nnc.ir import Graph, TensorType, interpret, ops, parse_graph, symbol
from tests.strategies import MAXIMUM_BATCH, random_arrays, random_graphs

COUNTER = """
graph train(x: f32[batch,2]) {
  state @w : f32[2] parameter
  state @step : i64[] counter
  %0 = multiply(%x, @w) : f32[batch,2]
  %next = add(@step, i64(1)) : i64[]
  %left, %right = unpack(@w, shapes=[[1], [1]]) : f32[1], f32[1]
  %swapped = concatenate(%right, %left, axis=0) : f32[2]
  return y=%0, old=@w, given=%x, constant=bool[2](true, false)
  update @w = %swapped
  update @step = %next
}
"""


def test_outputs_and_updates():
    states = {"w": numpy.array([2.0, 3.0], "float32"), "step": numpy.array(4), "unknown": "kept"}
    outputs, updated = interpret(parse_graph(COUNTER), {"x": [[1, 10], [2, 20], [3, 30]]}, states)
    assert {label: (value.dtype.name, value.tolist()) for label, value in outputs.items()} == {
        "y": ("float32", [[2.0, 30.0], [4.0, 60.0], [6.0, 90.0]]),
        "old": ("float32", [2.0, 3.0]),
        "given": ("float32", [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]),
        "constant": ("bool", [True, False]),
    }
    assert updated["w"].tolist() == [3.0, 2.0]
    assert (updated["step"].dtype.name, updated["step"].tolist()) == ("int64", 5)
    assert updated["unknown"] == "kept"
    assert states["w"].tolist() == [2.0, 3.0] and states["step"] == 4


@given(random_graphs(level="any"), st.integers(1, MAXIMUM_BATCH))
def test_results_have_the_inferred_types_and_are_finite(graph, batch):
    for node in graph.nodes:
        for position, value in enumerate(graph.results(node)):
            graph.output(f"node{node.index}.{position}", value)
    with numpy.errstate(all="raise", under="ignore"):
        outputs, updated = interpret(graph, *random_arrays(graph, batch))
    for label, value in (*graph.outputs.items(), *graph.updates.items()):
        array = outputs[label] if label in graph.outputs else updated[label]
        assert TensorType(array.dtype.name, array.shape) == value.type.bind({"batch": batch})
        assert numpy.isfinite(array).all()


def test_every_symbol_gets_its_size_from_the_inputs():
    graph = Graph("test")
    batch, time = symbol("batch"), symbol("time")
    x = graph.input("x", TensorType("float32", (batch * time, 2)))
    y = graph.input("y", TensorType("float32", (3 * time,)))
    graph.input("z", TensorType("float32", (batch,)))
    graph.output("sizes", ops.size(x) + ops.size(y))
    inputs = {"x": numpy.zeros((10, 2)), "y": numpy.zeros(15), "z": numpy.zeros(2)}
    outputs, _ = interpret(graph, inputs)
    assert outputs["sizes"] == 20 + 15


@pytest.mark.parametrize(
    ("inputs", "states", "error", "fragment"),
    [
        ({}, {"w": [0, 0], "step": 0}, GraphError, "input 'x' is missing"),
        ({"x": [[1, 2]]}, {"w": [0, 0]}, GraphError, "state 'step' is missing"),
        ({"x": [[1, 2]]}, None, GraphError, "state 'w' is missing"),
        ({"x": [1, 2]}, {"w": [0, 0], "step": 0}, ShapeError, "input 'x' must have shape (batch, 2)"),
        ({"x": [[1, 2, 3]]}, {"w": [0, 0], "step": 0}, ShapeError, "(batch, 2) where batch = 1, got (1, 3)"),
        ({"x": [[1, 2]]}, {"w": [0, 0, 0], "step": 0}, ShapeError, "state 'w' must have shape (2)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(inputs, states, error, fragment):
    with pytest.raises(error) as caught:
        interpret(parse_graph(COUNTER), inputs, states)
    assert fragment in str(caught.value)


def test_every_array_on_the_way_can_be_looked_at():
    graph, values = parse_graph(COUNTER), {}
    outputs, updated = interpret(graph, {"x": [[1, 2]]}, {"w": [3, 4], "step": 0}, values)
    assert len(values) == sum(len(node.types) for node in graph.nodes)
    for label, value in graph.outputs.items():
        numpy.testing.assert_array_equal(values[value], outputs[label])
    for label, value in graph.updates.items():
        numpy.testing.assert_array_equal(values[value], updated[label])
