"""Numbers kept on one side of a bound, by functions whose bound compilers do not carry through what follows."""

from __future__ import annotations

import numpy
import pytest

from nnc.ir import Graph, TensorType, interpret, ops, symbol
from tests.backends.c.machine import CMachine

pytestmark = pytest.mark.usefixtures("compiler")
BATCH = symbol("batch")
INF, NAN = float("inf"), float("nan")
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 6.0, 1e-30, -1e-30, 5.9999995, 6.0000005, -3.0, 1e30]


def relu(x):
    return ops.relu(x)


def at_least(x):
    return ops.maximum(x, -1.5)


def at_least_the_other_way(x):
    return ops.maximum(-1.5, x)


def at_most(x):
    return ops.minimum(x, 6.0)


def within(x):
    return ops.minimum(6.0, ops.relu(x + 3.0)) + x


def infinite(x):
    return ops.minimum(ops.maximum(x, -INF), INF)


BOUNDS = {relu: 1, at_least: 1, at_least_the_other_way: 1, at_most: 1, within: 2, infinite: 2}


def not_a_number(x):
    return ops.minimum(x, NAN)


def of_two(x):
    return ops.maximum(x, x * 0.5)


OTHERS = (not_a_number, of_two)


def run(bounded, dtype="float32"):
    """Return the text for C, what it gives, and what the interpreter does."""
    graph = Graph("test")
    graph.output("y", bounded(graph.input("x", TensorType(dtype, (BATCH, 12)))))
    machine = CMachine(graph, {"batch": 3}, {})
    inputs = {"x": numpy.random.default_rng(1).normal(0.0, 5.0, (3, 12)).astype(dtype)}
    inputs["x"][1] = SPECIAL
    found, expected = machine.run(inputs, {"batch": 3})[0], interpret(graph, inputs)[0]
    return machine.source.text.partition("nnc_test_once(")[2], found["y"], expected["y"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bounded", BOUNDS)
def test_bounds_are_those_of_the_interpreter(bounded, dtype):
    body, found, expected = run(bounded, dtype)
    assert (body.count("nnc_at_"), body.count(" ? ")) == (BOUNDS[bounded], 0)
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("chosen", OTHERS)
def test_what_has_no_bound_is_chosen_by_comparisons(chosen):
    body, found, expected = run(chosen)
    assert "nnc_at_" not in body
    numpy.testing.assert_array_equal(found, expected)
