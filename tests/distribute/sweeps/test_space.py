"""What a parameter may be, grids, and draws."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy
import pytest

from nnc.distribute.sweeps.space import Choice, Range, draws, grid, is_finite, read_parameter
from nnc.errors import ModelError


def test_a_grid_has_all_combinations():
    space = {"a": read_parameter([1, 2]), "b": read_parameter({"int": [3, 5]}), "c": read_parameter({"choice": ["x"]})}
    assert is_finite(space)
    expected = [{"a": a, "b": b, "c": "x"} for a, b in itertools.product((1, 2), (3, 4, 5))]
    assert grid(space) == expected


def test_points_of_ranges():
    assert read_parameter({"uniform": [0, 1], "points": 5}).points() == (0, 0.25, 0.5, 0.75, 1)
    assert read_parameter({"log_uniform": [1e-4, 1], "points": 5}).points() == pytest.approx((1e-4, 1e-3, 1e-2, 0.1, 1))
    assert read_parameter({"log_int": [1, 64], "points": 4}).points() == (1, 4, 16, 64)
    assert read_parameter({"uniform": [0, 1]}).points() is None
    with pytest.raises(ModelError, match="'rate' is a range, of which a grid takes so many points as you say"):
        grid({"rate": Range(0, 1)})


@pytest.mark.parametrize(
    ("given", "low", "high", "mean"),
    [
        ({"uniform": [-1, 3]}, -1, 3, 1.0),
        ({"log_uniform": [1e-4, 1]}, 1e-4, 1, (1 - 1e-4) / math.log(1e4)),
        ({"int": [1, 4]}, 1, 4, 2.5),
        ({"log_int": [1, 4]}, 1, 4, sum(k * math.log((k + 0.5) / (k - 0.5)) for k in range(1, 5)) / math.log(9)),
    ],
)
def test_draws_are_distributed_as_they_say(given: dict[str, Any], low: float, high: float, mean: float):
    parameter = read_parameter(given)
    found = [item["p"] for item in itertools.islice(draws({"p": parameter}, 3), 4000)]
    assert low <= min(found) <= max(found) <= high
    assert numpy.mean(found) == pytest.approx(mean, abs=6 * numpy.std(found) / math.sqrt(4000))
    assert all(isinstance(value, int if "int" in next(iter(given)) else float) for value in found)


def test_draws_depend_on_the_seed_alone():
    space = {"a": read_parameter([1, 2, 3]), "b": read_parameter({"uniform": [0, 1]})}
    few, many, other = (list(itertools.islice(draws(space, seed), count)) for seed, count in ((1, 3), (1, 30), (2, 3)))
    assert many[:3] == few
    assert few != other
    assert {item["a"] for item in many} == {1, 2, 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sgd", "expected a list of values or a range, for example"),
        (3, "expected a list of values or a range"),
        ([], "expected a list of at least one value"),
        ([1, 2, 1], "the value 1 is given twice"),
        ({"uniforn": [0, 1]}, "unknown key 'uniforn'.* Did you mean 'uniform'"),
        ({"uniform": [0, 1], "int": [0, 1]}, "expected one of choice, .*, got uniform, int"),
        ({"points": 3}, "got none"),
        ({"uniform": [1, 0]}, "the first number must be smaller than the second, got 1 and 0"),
        ({"uniform": [0]}, "takes two numbers"),
        ({"uniform": [0, math.inf]}, "takes two numbers"),
        ({"int": [0.5, 2]}, "int takes two whole numbers"),
        ({"log_uniform": [0, 1]}, "the numbers must be above 0, got 0"),
        ({"uniform": [0, 1], "points": 1}, "points must be a whole number of at least 2, got 1"),
        ({"choice": [1, 2], "points": 2}, "points are those of a range"),
    ],
)
def test_what_is_no_parameter_is_refused(given: Any, message: str):
    with pytest.raises(ModelError, match=message):
        read_parameter(given)


def test_one_and_true_are_two_values():
    assert read_parameter([1, True, 1.0]) == Choice((1, True, 1.0))
