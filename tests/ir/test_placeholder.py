"""Placeholders: objects that stand for a value of the graph that is being built."""

from __future__ import annotations

import numpy
import pytest

from nnc.errors import GraphError
from nnc.ir import Graph, Placeholder, TensorType, interpret, meaning

NUMBERS = numpy.array([2.0, 3.0], "float32")


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, w: x + w,
        lambda x, w: w + x,
        lambda x, w: w - x,
        lambda x, w: x - w,
        lambda x, w: w * x,
        lambda x, w: x * w,
        lambda x, w: w / x,
        lambda x, w: x / w,
        lambda x, w: -w + 1.0,
        lambda x, w: 2.0 - w,
        lambda x, w: 2.0 * w,
        lambda x, w: 6.0 / w,
        lambda x, w: w**2,
        lambda x, w: w + w,
    ],
)
def test_placeholders_take_part_in_arithmetic(compute):
    graph, weight = Graph("test"), Placeholder()
    x = graph.input("x", TensorType("float32", (2,)))
    w = graph.state("w", TensorType("float32", (2,)), "parameter")
    with meaning({weight: w}):
        assert (weight.value, weight.type, weight.rank, weight.graph) == (w, w.type, 1, graph)
        graph.output("y", compute(x, weight))
    outputs, _ = interpret(graph, {"x": NUMBERS}, {"w": NUMBERS + 1.0})
    numpy.testing.assert_allclose(outputs["y"], compute(NUMBERS, NUMBERS + 1.0), rtol=1e-6)


def test_placeholders_mean_nothing_outside():
    graph, weight, other = Graph("test"), Placeholder(), Placeholder()
    x = graph.input("x", TensorType("float32", (2, 2)))
    with meaning({other: x}):
        with meaning({weight: x}):
            assert (x @ weight).shape == (weight @ x).shape == (2, 2)
            with pytest.raises(GraphError, match="stands for no value here"):
                x + other
        assert other.value == x
    with pytest.raises(GraphError, match="stands for no value here"):
        weight + x
