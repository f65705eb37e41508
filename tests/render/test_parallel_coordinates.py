"""The picture of a sweep, read back from its SVG."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from nnc.errors import DataError
from nnc.render.parallel_coordinates import sweep_svg

PARAMETERS = [
    {"units": units, "rate": rate, "kind": kind}
    for units, rate, kind in [
        (2, 1e-3, "sgd"),
        (4, 1e-2, "adam"),
        (2, 0.1, {"SGD": {}}),
        (4, 1.0, "sgd"),
        (2, 3e-3, "adam"),
        (4, 3e-2, "sgd"),
        (2, 0.3, "<b>"),
    ]
]
VALUES: list[float | None] = [0.5, 0.25, None, 0.75, math.nan, 0.125, 1.0]
CURVES = [[1.0, 0.5], [1.0, 0.25], [], [1.0, 0.75], [math.nan, math.nan], [0.125], [1.0, 1.0]]


def drawn(**changes: Any) -> ElementTree.Element:
    given = {
        "parameters": PARAMETERS,
        "values": VALUES,
        "curves": CURVES,
        "metric": "val_loss",
        "is_larger_better": False,
    }
    return ElementTree.fromstring(sweep_svg(**{**given, **changes}))


def texts(root: ElementTree.Element) -> list[str]:
    return [item.text or "" for item in root.iter() if item.tag.endswith("}text")]


def lines(root: ElementTree.Element) -> dict[int, list[tuple[float, float]]]:
    """The points on the axes of the line of each trial."""
    found = {}
    for item in root.iter():
        title = next((child.text or "" for child in item if child.tag.endswith("}title")), "")
        if item.tag.endswith("}path") and title:
            numbers = [float(number) for number in re.findall(r"-?\d+\.\d", item.attrib["d"])]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            found[int(title.split()[1].rstrip(":"))] = [points[0], *points[3::3]]
    return found


def test_each_trial_with_a_number_is_a_line_through_its_values():
    found = lines(drawn())
    assert sorted(found) == [0, 1, 3, 5, 6]
    units, rates, _, losses = ({trial: points[axis][1] for trial, points in found.items()} for axis in range(4))
    assert units[0] == units[6] > units[1] == units[3] == units[5]
    heights = [losses[trial] for trial in (5, 1, 0, 3, 6)]
    assert heights == sorted(heights, reverse=True)
    span = heights[0] - heights[-1]
    for trial, value in ((1, 0.25), (0, 0.5), (3, 0.75)):
        assert (heights[0] - losses[trial]) / span == pytest.approx((value - 0.125) / 0.875, abs=2e-3)
    assert rates[0] > rates[1] > rates[5] > rates[6] > rates[3]


def test_numbers_of_many_sizes_are_drawn_by_their_logarithms():
    parameters = [{"rate": 10.0**power} for power in range(-6, 3)]
    found = lines(drawn(parameters=parameters, values=[float(k) for k in range(9)], curves=[[1.0]] * 9))
    heights = [found[trial][0][1] for trial in range(9)]
    steps = [one - other for one, other in itertools.pairwise(heights)]
    assert steps == pytest.approx([steps[0]] * 8, abs=0.11)


@pytest.mark.parametrize(("is_larger_better", "best"), [(False, 5), (True, 6)])
def test_the_best_is_drawn_last_and_named(is_larger_better: bool, best: int):
    root = drawn(is_larger_better=is_larger_better)
    assert list(lines(root))[-1] == best
    assert texts(root)[0] == f"5 trials by val_loss; best: trial {best}, {VALUES[best]:.4g}"
    strokes = [item.attrib["stroke"] for item in root.iter() if item.tag.endswith("}path") and len(item)]
    assert strokes[-1] != strokes[0]
    assert strokes.count(strokes[-1]) == 1


def test_curves_are_below():
    root = drawn()
    curves = [item for item in root.iter() if item.tag.endswith(("}polyline", "}circle"))]
    assert len(curves) == 5
    assert {item.tag.rpartition("}")[2] for item in curves} == {"polyline", "circle"}
    assert "val_loss by epoch" in texts(root)


def test_names_are_no_markup_and_parameters_of_one_value_are_no_axes():
    root = drawn(parameters=[{"units": 2, "<i>": k % 2} for k in range(7)])
    assert "<i>" in texts(root)
    assert "units" not in texts(root)
    assert "trial 0: units 2, <i> 0; val_loss 0.5" in [item.text for item in root.iter() if item.tag.endswith("}title")]


def test_numbers_of_trials_may_be_others():
    assert sorted(lines(drawn(numbers=range(10, 17)))) == [10, 11, 13, 15, 16]


def test_without_a_number_there_is_nothing_to_draw():
    with pytest.raises(DataError, match="there is nothing to draw: no trial has an objective that is a number"):
        drawn(values=[None] * 7)


def test_one_trial_is_a_picture():
    root = drawn(parameters=[{"a": 1}], values=[0.5], curves=[[0.5]])
    assert list(lines(root)) == [0]


def test_the_same_sweep_is_the_same_text():
    given = (PARAMETERS, VALUES, CURVES, "val_loss", False)
    assert sweep_svg(*given) == sweep_svg(*given)
