"""Names with a slip in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.errors import ModelError
from nnc.experiment import edit_distance, resolve

LOSSES = ("binary_crossentropy", "categorical_crossentropy", "mae", "mean_absolute_error", "mean_squared_error", "mse")
WORDS = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("ab", "ba", 1),
        ("ca", "abc", 3),
    ],
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second) == distance


@given(WORDS, WORDS)
def test_edit_distance_is_symmetric(first: str, second: str) -> None:
    distance = edit_distance(first, second)
    assert distance == edit_distance(second, first)
    assert abs(len(first) - len(second)) <= distance <= max(len(first), len(second))
    assert (distance == 0) == (first == second)


@pytest.mark.parametrize(
    "name",
    ["binary_corssentropy", "binary_crosentropy", "binarycrossentropi", "Binary_Crossentroyp", "bnary_crossentrpy"],
)
def test_a_slip_is_taken_with_a_notice(name: str) -> None:
    notices: list[str] = []
    assert resolve(name, LOSSES, "loss", notices.append) == "binary_crossentropy"
    assert notices == [f"note: loss {name!r} is taken as 'binary_crossentropy'"]


@pytest.mark.parametrize("name", ["mse", "MSE", "BinaryCrossentropy", "mean-squared-error"])
def test_spellings_are_no_slips(name: str) -> None:
    notices: list[str] = []
    found = resolve(name, LOSSES, "loss", notices.append)
    assert found.replace("_", "") == name.lower().replace("-", "").replace("_", "")
    assert not notices


@pytest.mark.parametrize("name", ["", "msa", "mape", "mes", "binary", "crossentropy"])
def test_what_is_too_far_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=r"unknown loss .*; known are binary_crossentropy, .*, mse"):
        resolve(name, LOSSES, "loss", pytest.fail)


def test_two_near_names_are_refused() -> None:
    with pytest.raises(ModelError, match="Did you mean"):
        resolve("optimiser_c", ["optimiser_a", "optimiser_b"], "optimizer", pytest.fail)
