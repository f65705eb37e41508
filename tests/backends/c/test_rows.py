"""Loops over rows with reductions in them, against the interpreter."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy
import pytest

from nnc.ir import Graph, TensorType, Value, interpret, ops, symbol
from nnc.passes import Decompose, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.c.test_kernels import check_close

BATCH = symbol("batch")


def softmax(x: Value) -> Value:
    return ops.softmax(x)


def normalise(x: Value) -> Value:
    centred = x - ops.mean(x, -1, keepdims=True)
    return centred / ops.sqrt(ops.mean(ops.square(centred), -1, keepdims=True) + 0.1)


def shifted(x: Value) -> Value:
    """The reduction comes last, of what the same loop computes."""
    y = ops.tanh(x * 0.5)
    return y + ops.sum(y * y, -1, keepdims=True) + ops.max(x, -1, keepdims=True)


def without_axis(x: Value) -> Value:
    total = ops.sum(ops.exp(x), -1)
    return ops.log(total) * 2.0


FUNCTIONS: list[Callable[[Value], Value]] = [softmax, normalise, shifted, without_axis]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(BATCH, 16), (BATCH, 3, 20), (2, BATCH, 1, 33), (BATCH, BATCH), (BATCH, 3000)], ids=str
)
@pytest.mark.parametrize("view", [False, True], ids=["dense", "view"])
@pytest.mark.sampled(12)
def test_rows(function, dtype, shape, view):
    graph = graph_of(function, dtype, shape, view)
    exact = graph_of(function, "float64", shape, view)  # NumPy adds strided float32 numbers one by one
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 11}, {})
    for batch in (11, 9):
        sizes = [dim if isinstance(dim, int) else batch for dim in graph.inputs["x"].shape]
        inputs = {"x": numpy.random.default_rng(0).normal(size=sizes).astype(dtype)}
        expected = interpret(exact, {"x": inputs["x"].astype("float64")})[0]["y"].astype(dtype)
        check_close({"y": expected}, machine.run(inputs, {"batch": batch})[0], machine)


def graph_of(function, dtype, shape, view) -> Graph:
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, shape[::-1] if view else shape))
    graph.output("y", function(ops.transpose(x) if view else x))
    return graph


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ziglang") is None, reason="needs the package ziglang")
def test_nan_and_infinity_in_rows_with_clang(monkeypatch):
    """Clang's reductions by ``max`` start from the lowest number, GCC's from minus infinity."""
    monkeypatch.setenv("CC", f"{sys.executable} -m ziglang cc")
    test_nan_and_infinity_in_rows()


def test_nan_and_infinity_in_rows():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (BATCH, 16)))
    graph.output("y", x - ops.max(x, -1, keepdims=True))
    graph.output("z", x * ops.sum(x, -1, keepdims=True))
    machine = CMachine(graph, {"batch": 4}, {})
    array = numpy.ones((4, 16), "float32")
    array[0, 3], array[1, 15], array[2, :] = numpy.nan, numpy.inf, -numpy.inf
    with numpy.errstate(all="ignore"):
        expected = interpret(graph, {"x": array})[0]
    check_close(expected, machine.run({"x": array}, {"batch": 4})[0], machine)


def unshifted(x: Value) -> Value:
    """No softmax: powers of e that may be large, and sums that may be tiny."""
    powers = ops.exp(x)
    return powers / ops.sum(powers, -1, keepdims=True)


@pytest.mark.parametrize(("function", "is_softmax"), [(softmax, True), (unshifted, False)])
def test_only_softmax_takes_powers_below_one_and_a_reciprocal(function, is_softmax):
    graph = graph_of(function, "float32", (BATCH, 24), view=False)
    machine = CMachine(run_passes(graph, [Decompose()]), {"batch": 6}, {})
    array = numpy.random.default_rng(0).normal(size=(6, 24)).astype("float32")
    array[1] = 60 if is_softmax else -85
    array[2, 5:] = -numpy.inf
    array[3, 7] = numpy.nan
    array[4, 3], array[5] = numpy.inf, -numpy.inf
    with numpy.errstate(all="ignore"):
        shift = array.max(-1, keepdims=True) if is_softmax else numpy.float32(0)
        powers = numpy.exp(array - shift)
        expected = powers / powers.sum(-1, keepdims=True)
    found = machine.run({"x": array}, {"batch": 6})[0]["y"]
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)
    assert ("nnc_exp_below_f32(" in machine.source.text) == is_softmax
    assert ("_reciprocal" in machine.source.text) == is_softmax


@pytest.mark.parametrize("keepdims", [False, True])
def test_the_largest_of_other_elements_may_be_less(keepdims):
    """Largest of rows that are taken along columns, and largest of columns beside sums of rows: neither is softmax."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (20, 20)))
    powers = ops.exp(x - ops.max(x, 0 if keepdims else 1, keepdims=keepdims))
    graph.output("y", powers / ops.sum(powers, -1, keepdims=True))
    graph.output("z", powers)
    machine = CMachine(graph, {}, {})
    array = numpy.random.default_rng(0).normal(size=(20, 20)).astype("float32")
    array[3] += -80 if keepdims else 60
    expected = interpret(graph, {"x": array})[0]
    check_close(expected, machine.run({"x": array}, {})[0], machine)
    assert "nnc_exp_below_f32(" not in machine.source.text


def test_long_rows_are_added_in_parts():
    """In float32 each part of 2,048 elements is exact, in any order; lanes of whole rows would not be."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (BATCH, symbol("n"))))
    graph.output("y", ops.sum(x * 1.0, -1, keepdims=True) - x)
    sizes = {"batch": 2, "n": 200_000}
    machine = CMachine(graph, sizes, {})
    array = numpy.full((2, 200_000), 2.0**13 - 1, "float32")
    found = machine.run({"x": array}, sizes)[0]["y"]
    total = numpy.float32(array.sum(-1, dtype="float64")[0])
    numpy.testing.assert_array_equal(found, total - array)


def test_a_copy_of_what_a_nest_computes_comes_after_it():
    """A reshape of a transpose is a copy, though other reshapes are none."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float64", (symbol("n"), 7)))
    double = x + x
    copied = ops.reshape(ops.transpose(double, (1, 0)), (7, symbol("n"), 1))
    graph.output("square", double * x)
    graph.output("copied", copied)
    machine = CMachine(graph, {"n": 3}, {})
    inputs = {"x": numpy.arange(21.0).reshape(3, 7)}
    found = machine.run(inputs, {"n": 3})[0]
    numpy.testing.assert_array_equal(found["copied"], interpret(graph, inputs)[0]["copied"])
