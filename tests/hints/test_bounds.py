"""Bounds of values: what activations give lies within them, and reaches as far as they say."""

from __future__ import annotations

from math import inf

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.hints.bounds import UNBOUNDED, bounds, reach
from nnc.ir import PARAMETER, Graph, TensorType, Value, interpret, ops, symbol

X = numpy.linspace(-50.0, 50.0, 801).reshape(-1, 1)
UNARY = {
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "relu": ops.relu,
    "exp": ops.exp,
    "erf": ops.erf,
    "softplus": ops.softplus,
    "absolute": ops.absolute,
    "square": ops.square,
    "negative": lambda x: -x,
    "twice": lambda x: x * 2.0,
    "minus half": lambda x: x * -0.5,
    "plus one": lambda x: x + 1.0,
    "one minus": lambda x: 1.0 - x,
    "by three": lambda x: x / 3.0,
    "one by": lambda x: 1.0 / x,
    "at least": lambda x: ops.maximum(x, 0.25),
    "clipped": lambda x: ops.clip(x, -0.5, 2.0),
    "reshaped": lambda x: ops.reshape(x, (-1, 1, 1)),
    "is positive": lambda x: ops.cast(x > 0.0, "float64"),
    "squared sum": lambda x: x * x,
    "softmax": lambda x: ops.softmax(ops.concatenate([x, x * 0.5], -1), -1),
    "its parts": lambda x: (parts := ops.exp(x)) / ops.sum(parts, -1, keepdims=True),
}


def product() -> tuple[Graph, Value]:
    """A product with a weight of 1, so that it gives what it is given."""
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", (symbol("batch"), 1)))
    return graph, x @ graph.state("w", TensorType("float64", (1, 1)), PARAMETER)


@given(st.lists(st.sampled_from(sorted(UNARY)), min_size=1, max_size=4))
def test_values_lie_within_their_bounds_and_reach_as_far(names: list[str]) -> None:
    graph, value = product()
    for name in names:
        value = UNARY[name](value)
    graph.output("y", value)
    with numpy.errstate(all="ignore"):
        found = interpret(graph, {"x": X}, {"w": [[1.0]]})[0]["y"]
    found = found[~numpy.isnan(found)]
    low, high = bounds(value)
    assert low <= high
    if found.size:
        assert low - 1e-9 <= found.min()
        assert found.max() <= high + 1e-9
    reached = reach(value)
    if reached is not None:
        assert bounds(value)[0] <= reached[0] <= reached[1] <= bounds(value)[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sigmoid", (0.0, 1.0)),
        ("tanh", (-1.0, 1.0)),
        ("relu", (0.0, inf)),
        ("exp", (0.0, inf)),
        ("softplus", (0.0, inf)),
        ("square", (0.0, inf)),
        ("clipped", (-0.5, 2.0)),
        ("at least", (0.25, inf)),
        ("is positive", (0.0, 1.0)),
        ("softmax", (0.0, 1.0)),
        ("its parts", (0.0, 1.0)),
        ("plus one", UNBOUNDED),
        ("one minus", UNBOUNDED),
        ("one by", None),
        ("squared sum", None),
    ],
)
def test_how_far_activations_reach(name: str, expected: tuple[float, float] | None) -> None:
    value = UNARY[name](product()[1])
    assert reach(value) == expected
    assert bounds(value) == (UNBOUNDED if expected is None else expected)


def test_what_is_known_of_sums() -> None:
    graph, value = product()
    bias = graph.state("b", TensorType("float64", (1,)), PARAMETER)
    assert reach(value + bias) == UNBOUNDED
    assert reach(ops.sigmoid(value) + ops.relu(value)) is None
    assert reach(ops.tanh(ops.relu(value))) == (0.0, 1.0)
    assert reach(1.0 - ops.sigmoid(value)) == (0.0, 1.0)
    assert reach(ops.exp(ops.log_softmax(value, -1))) == (0.0, 1.0)


def test_products_of_data_are_not_known() -> None:
    """Such as attention, whose weights are probabilities."""
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", (2, 2)))
    assert reach(x @ x) is None
    assert reach(x) is None
    assert bounds(x) == UNBOUNDED


def test_a_deep_sum_is_walked_through_once() -> None:
    _, value = product()
    value = ops.tanh(value)
    for _ in range(60):
        value = value + value  # 2^60 paths
    assert bounds(value) == UNBOUNDED
