"""Pooling in C: channels anywhere, lengths known to the run alone, large windows, NaN."""

from __future__ import annotations

import numpy
import pytest

from nnc.ir import Graph, TensorType, interpret, symbol
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, SumPool, SumPoolGradient
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
N, TIME = symbol("n"), symbol("time")
WINDOWS = [
    ((1, 2, 1), (1, 2, 1)),
    ((1, 3, 1), (1, 2, 1)),
    ((1, 3, 1), (1, 1, 1)),
    ((1, 2, 1), (1, 3, 1)),
    ((1, 1, 1), (1, 2, 1)),
    ((1, 1, 3), (1, 1, 2)),
    ((1, 3, 3), (1, 3, 3)),
    ((1, 6, 6), (1, 2, 6)),
    ((2, 2, 2), (2, 1, 2)),
    ((1, 1, 1), (1, 1, 1)),
]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("window", "strides"), WINDOWS)
@pytest.mark.sampled(1 / 2)
def test_pooling(window, strides, padding):
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (N, TIME, 11)))
    attributes = window, strides, padding
    maxima, sums = apply(MaxPool(*attributes), x), apply(SumPool(*attributes), x)
    cotangent = maxima * 0.5 + sums
    graph.output("max", maxima)
    graph.output("sum", sums)
    graph.output("max gradient", apply(MaxPoolGradient(*attributes), x, maxima, cotangent))
    graph.output("sum gradient", apply(SumPoolGradient(*attributes, x.shape), cotangent))
    machine = CMachine(graph, {"n": 5, "time": 13}, {})
    generator = numpy.random.default_rng(1)
    for count, time in ((5, 13), (4, 12), (2, 7), (3, 6)):
        inputs = {"x": generator.integers(-3, 3, (count, time, 11)).astype("float32")}  # many ties
        expected, found = interpret(graph, inputs)[0], machine.run(inputs, {"n": count, "time": time})[0]
        for label, array in expected.items():
            numpy.testing.assert_array_equal(found[label], array, f"{label}\n{machine}")


def test_nan_is_the_largest_and_gets_the_gradient():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (N, 4, 3)))
    attributes = (1, 2, 1), (1, 2, 1), "valid"
    maxima = apply(MaxPool(*attributes), x)
    graph.output("max", maxima)
    graph.output("gradient", apply(MaxPoolGradient(*attributes), x, maxima, graph.input("g", maxima.type)))
    array = numpy.arange(24, dtype="float32").reshape(2, 4, 3)
    array[0, 0, 0] = array[1, 3, 2] = array[1, 2, 1] = array[1, 3, 1] = numpy.nan
    array[0, 2:, 1] = -numpy.inf
    inputs = {"x": array, "g": numpy.arange(1, 13, dtype="float32").reshape(2, 2, 3)}
    expected, found = interpret(graph, inputs)[0], CMachine(graph, {"n": 2}, {}).run(inputs, {"n": 2})[0]
    for label in expected:
        numpy.testing.assert_array_equal(found[label], expected[label])


def test_windows_that_overlap_are_not_said_to_be_independent():
    graph = Graph("test")
    attributes = (1, 3, 1), (1, 1, 1), "valid"
    cotangent = graph.input("x", TensorType("float32", (N, 38, 1)))
    graph.output("y", apply(SumPoolGradient(*attributes, (N, 40, 1)), cotangent))
    machine = CMachine(graph, {"n": 2}, {})
    assert machine.source.text.count("#pragma omp simd") == 1  # zeros
    inputs = {"x": numpy.arange(76, dtype="float32").reshape(2, 38, 1)}
    numpy.testing.assert_array_equal(machine.run(inputs, {"n": 2})[0]["y"], interpret(graph, inputs)[0]["y"])
