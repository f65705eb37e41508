"""Gradients that go elsewhere than the numbers say."""

from __future__ import annotations

import numpy

from nnc.ir import Graph, TensorType, gradients, ops
from nnc.passes import Decompose, run_passes
from tests.running import run_graph


def pulled(function, *arrays):
    """Return a function's value, and the gradients of its sum, before and after the op is taken out."""
    graph = Graph("test")
    inputs = [graph.input(f"x{at}", TensorType("float64", array.shape)) for at, array in enumerate(arrays)]
    result = function(*inputs)
    seed = ops.broadcast_to(graph.constant(1.0, "float64"), result.shape)
    graph.output("y", result)
    for at, gradient in enumerate(gradients({result: seed}, inputs)):
        graph.output(f"g{at}", gradient if gradient is not None else inputs[at] * 0.0)
    given = {f"x{at}": array for at, array in enumerate(arrays)}
    found, _ = run_graph(graph, given)
    again, _ = run_graph(run_passes(graph, [Decompose()]), given)
    for name, array in found.items():
        numpy.testing.assert_array_equal(array, again[name])
    return [*found.values()]


X, Y = numpy.random.default_rng(0).normal(size=(2, 3, 4))


def test_the_gradient_goes_to_the_source():
    value, by_x, by_y = pulled(lambda x, y: ops.square(ops.straight_through(ops.exp(x), y)), X, Y)
    numpy.testing.assert_allclose(value, numpy.exp(X) ** 2)
    numpy.testing.assert_array_equal(by_x, 0.0)
    numpy.testing.assert_allclose(by_y, 2.0 * numpy.exp(X))


def test_both_operands_may_be_the_same():
    value, slope = pulled(lambda x: ops.straight_through(ops.sign(x), x) * 3.0, X)
    numpy.testing.assert_array_equal(value, numpy.sign(X) * 3.0)
    numpy.testing.assert_array_equal(slope, 3.0)


def test_a_stopped_gradient_counts_as_a_constant():
    _, by_x, by_y = pulled(lambda x, y: ops.stop_gradient(x * y) * y, X, Y)
    numpy.testing.assert_array_equal(by_x, 0.0)
    numpy.testing.assert_allclose(by_y, X * Y)
