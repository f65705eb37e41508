"""Operations at the ends of the number range: no overflow, no loss of small results, no NaN."""

from __future__ import annotations

import math

import numpy
import pytest

from nnc.ir import Graph, TensorType, ops
from tests.running import run_graph

INFINITY, NAN = math.inf, math.nan


def run(function, *operands, dtype="float64", invalid="raise"):
    """Apply a function of graph values to arrays; overflow, division by zero and new NaNs are errors."""
    graph = Graph("test")
    arrays = {f"x{index}": numpy.array(operand, dtype) for index, operand in enumerate(operands)}
    values = [graph.input(label, TensorType(dtype, array.shape)) for label, array in arrays.items()]
    graph.output("y", function(*values))
    with numpy.errstate(all="raise", under="ignore", invalid=invalid):
        return run_graph(graph, arrays)[0]["y"]


@pytest.mark.parametrize(
    ("function", "operands", "expected"),
    [
        (ops.sigmoid, [[-1e4, -800.0, 0.0, 800.0, INFINITY, -INFINITY]], [0.0, 0.0, 0.5, 1.0, 1.0, 0.0]),
        (ops.sigmoid, [[-30.0, -700.0]], [1.0 / (1.0 + math.exp(30.0)), math.exp(-700.0)]),
        (ops.softplus, [[-1e4, -30.0, 0.0, 1e4]], [0.0, math.log1p(math.exp(-30.0)), math.log(2.0), 1e4]),
        (ops.logaddexp, [[1e4, -1e4], [1e4, -1e4]], [1e4 + math.log(2.0), -1e4 + math.log(2.0)]),
        (ops.tanh, [[-1e4, 1e-30, 1e4]], [-1.0, 1e-30, 1.0]),
        (ops.expm1, [[1e-30, -1e4]], [1e-30, -1.0]),
        (ops.log1p, [[1e-30]], [1e-30]),
        (ops.softmax, [[1e4, 0.0, 1e4]], [0.5, 0.0, 0.5]),
        (ops.softmax, [[-1e4, -1e4]], [0.5, 0.5]),
        (ops.log_softmax, [[1e4, 0.0]], [0.0, -1e4]),
        (ops.softmax_crossentropy, [[0.0, 1e4, 0.0], [1.0, 0.0, 0.0]], 1e4),
        (ops.sigmoid_crossentropy, [[1e4, -1e4, 1e4, 0.0], [1.0, 1.0, 0.0, 0.5]], [0.0, 1e4, 1e4, math.log(2.0)]),
        (ops.sparsemax, [[1e4, 0.0, 1e4]], [0.5, 0.0, 0.5]),
        (ops.erf, [[-1e300, 1e-300, 1e300]], [-1.0, 2e-300 / math.pi**0.5, 1.0]),
        (ops.relu, [[-0.0, -INFINITY, INFINITY]], [0.0, 0.0, INFINITY]),
        (ops.sign, [[-0.0, 1e-300, -1e-300]], [0.0, 1.0, -1.0]),
        (lambda x: ops.clip(x, -1.0, 1.0), [[-INFINITY, 0.5, INFINITY]], [-1.0, 0.5, 1.0]),
        (lambda x: ops.where(x > 0.0, x, 0.0), [[NAN, -INFINITY, 1.0]], [0.0, 0.0, 1.0]),
    ],
)
def test_extremes(function, operands, expected):
    numpy.testing.assert_allclose(run(function, *operands), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "function",
    [ops.relu, ops.sigmoid, ops.tanh, ops.erf, ops.softplus, ops.absolute, ops.square, ops.max, ops.sum, ops.softmax],
)
def test_nan_is_not_hidden(function):
    assert numpy.isnan(run(function, [1.0, NAN, 2.0], invalid="ignore")).any()


@pytest.mark.parametrize("function", [ops.sigmoid, ops.tanh, ops.softplus, ops.softmax, ops.log_softmax, ops.erf])
def test_float32_stays_finite_and_close(function):
    x = numpy.linspace(-200.0, 200.0, 801)
    found = run(function, x, dtype="float32")
    assert found.dtype == "float32"
    numpy.testing.assert_allclose(found, run(function, x), rtol=1e-5, atol=1e-6)
