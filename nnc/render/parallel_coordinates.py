"""The picture of a sweep: an axis for each parameter and a line for each trial, and below them the trials' curves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy

from nnc.checks import is_number
from nnc.errors import DataError
from nnc.render.history_curves import COLOURS
from nnc.render.replica_lines import opacity, seen
from nnc.render.theme import FONT_FAMILY, SIZES
from nnc.texts import printable

Array = Any

STEP, TOP, BOTTOM, SIDE = 136, 56, 30, 70
"""Pixels between two axes, and around them."""
AXES_HEIGHT, CURVES_HEIGHT = 300, 240
_LOGARITHMIC = 30.0
"""Positive numbers whose largest is so many times the smallest are drawn by their logarithms."""
_POINTS, _BUDGET = 400, 80_000
"""Points of a curve, and of all."""
_LONGEST = 20
"""Letters of a text at an axis."""


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis: where each trial is on it, and what is written at it.

    Args:
        name: stands above.
        places: from 0 (below) to 1 for each trial; NaN for none.
        ticks: places with their texts.
    """

    name: str
    places: Array
    ticks: Sequence[tuple[float, str]]


def sweep_svg(
    parameters: Sequence[Mapping[str, Any]],
    values: Sequence[float | None],
    curves: Sequence[Sequence[float]],
    metric: str,
    is_larger_better: bool,
    numbers: Sequence[int] | None = None,
) -> str:
    """Return the picture of a sweep.

    The darker a line, the better its trial; the best is drawn in another colour. Trials without a number are left out.

    Args:
        parameters: the values of the parameters of each trial, by name.
        values: the objective of each trial, None where there is none.
        curves: the objective by epoch of each trial.
        metric: name of the objective.
        is_larger_better: whether the largest is the best.
        numbers: numbers of the trials, by default from 0.

    Raises:
        DataError: no trial has a number.
    """
    counted = list(range(len(values))) if numbers is None else list(numbers)
    chosen = [index for index, value in enumerate(values) if value is not None and math.isfinite(value)]
    if not chosen:
        raise DataError("there is nothing to draw: no trial has an objective that is a number")
    found = numpy.array([values[index] for index in chosen], "float64")
    order = numpy.argsort(-found if is_larger_better else found, kind="stable")
    rank = numpy.empty(len(found), int)
    rank[order] = numpy.arange(len(found))
    names = list(dict.fromkeys(name for item in parameters for name in item))
    own = [parameters[index] for index in chosen]
    axes = [_axis(name, [item.get(name) for item in own]) for name in names]
    axes = [axis for axis in axes if len(axis.ticks) > 1] or axes
    axes.append(_number_axis(metric, found))
    texts = [
        f"trial {counted[index]}: {', '.join(f'{name} {_text(value)}' for name, value in item.items())}; "
        f"{metric} {_text(value)}"
        for index, item, value in zip(chosen, own, found.tolist(), strict=True)
    ]
    best = int(order[0])
    width = 2 * SIDE + STEP * max(len(axes) - 1, 2)
    head = f"{len(chosen):,} trials by {metric}; best: trial {counted[chosen[best]]}, {found[best]:.4g}"
    parts = [
        f'<text x="{SIDE - 50}" y="16" font-size="{SIZES["text"]}" font-weight="bold">{escape(printable(head))}</text>',
        *_coordinates(axes, rank, texts, width),
        f'<g transform="translate(0 {AXES_HEIGHT})">',
        *_curves([curves[index] for index in chosen], rank, texts, metric, width),
        "</g>",
    ]
    height = AXES_HEIGHT + CURVES_HEIGHT
    style = f'font-family="{FONT_FAMILY}" font-size="{SIZES["detail"]}" fill="currentColor"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="parameters and {escape(printable(metric))} of trials" {style}>{"".join(parts)}</svg>'
    )


def _axis(name: str, values: Sequence[Any]) -> Axis:
    """Return the axis of a parameter: of numbers where there are many and nothing else, or of the values that occur."""
    known = [value for value in values if value is not None]
    different = {_text(value): value for value in known}
    if all(map(is_number, known)) and len(different) > 6:
        return _number_axis(name, numpy.array([math.nan if value is None else value for value in values], "float64"))
    if all(map(is_number, known)):
        different = dict(sorted(different.items(), key=lambda item: item[1]))
    last = max(len(different) - 1, 1)
    place = {text: (number / last if len(different) > 1 else 0.5) for number, text in enumerate(different)}
    places = [place[_text(value)] if value is not None else math.nan for value in values]
    return Axis(name, numpy.array(places), [(height, text) for text, height in place.items()])


def _number_axis(name: str, values: Array) -> Axis:
    finite = values[numpy.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    scale = _scale(low, high)
    ends = [(0.0, low), (1.0, high)] if high > low else [(0.5, low)]
    inner = [] if high <= low else [(share, _between(low, high, share)) for share in (0.25, 0.5, 0.75)]
    ticks = [(place, f"{value:.3g}") for place, value in [*ends, *inner]]
    return Axis(name, scale(values), ticks)


def _is_log(low: float, high: float) -> bool:
    return low > 0 and high / low >= _LOGARITHMIC


def _scale(low: float, high: float) -> Callable[[Array], Array]:
    """Return a function from numbers to places from 0 to 1."""
    if high <= low:
        return lambda values: numpy.where(numpy.isfinite(values), 0.5, numpy.nan)
    if _is_log(low, high):
        width = math.log(high / low)
        return lambda values: numpy.log(values / low) / width
    return lambda values: (values - low) / (high - low)


def _between(low: float, high: float, share: float) -> float:
    return float(low * (high / low) ** share) if _is_log(low, high) else low + (high - low) * share


def _coordinates(axes: Sequence[Axis], rank: Array, texts: Sequence[str], width: int) -> Iterator[str]:
    step = (width - 2 * SIDE) / max(len(axes) - 1, 1)
    across = [SIDE + step * number for number in range(len(axes))]
    low, high = AXES_HEIGHT - BOTTOM, TOP

    def down(place: float) -> float:
        return low + (high - low) * place

    for trial in numpy.argsort(-rank).tolist():  # the best comes last, above the others
        points = [(x, down(float(axis.places[trial]))) for x, axis in zip(across, axes, strict=True)]
        path = "".join(_bend(points, number) for number in range(len(points)))
        title = f"<title>{escape(printable(texts[trial]))}</title>"
        yield f'<path d="{path}" fill="none" {_stroke(rank, trial)}>{title}</path>'
    for number, (x, axis) in enumerate(zip(across, axes, strict=True)):
        raised = 14 if number % 2 and len(axes) > 4 else 0  # names beside each other need room
        yield f'<path d="M{x:.1f} {high}V{low}" stroke="currentColor" stroke-opacity="0.6"/>'
        name = _short(axis.name, int(step / 5.5) if not raised and len(axes) <= 4 else int(step / 3.4))
        yield f'<text x="{x:.1f}" y="{high - 10 - raised}" text-anchor="middle">{name}</text>'
        for place, text in axis.ticks:
            yield (
                f'<path d="M{x - 3:.1f} {down(place):.1f}h6" stroke="currentColor"/>'
                f'<text x="{x + 6:.1f}" y="{down(place) + 3.5:.1f}" {_HALO}>{_short(text, _LONGEST)}</text>'
            )


_HALO = 'stroke="#FFFFFF" stroke-opacity="0.75" stroke-width="3" paint-order="stroke"'


def _bend(points: Sequence[tuple[float, float]], number: int) -> str:
    """Return the part of a path that leads to a point; there is none from or to a parameter that a trial has not."""
    (x, y), before = points[number], points[number - 1] if number else (0.0, math.nan)
    if math.isnan(y):
        return ""
    if math.isnan(before[1]):
        return f"M{x:.1f} {y:.1f}"
    middle = (before[0] + x) / 2
    return f"C{middle:.1f} {before[1]:.1f} {middle:.1f} {y:.1f} {x:.1f} {y:.1f}"


def _stroke(rank: Array, trial: int) -> str:
    """Return how the line of a trial is drawn."""
    place = int(rank[trial])
    if not place:
        return f'stroke="{COLOURS["validation"]}" stroke-width="2.5"'
    share = 1 - place / max(len(rank) - 1, 1)
    strength = min(1.0, 3 * opacity(len(rank))) * (0.2 + 0.8 * share**2)
    return f'stroke="{COLOURS["training"]}" stroke-width="1.2" stroke-opacity="{max(strength, 0.06):.2f}"'


def _curves(
    curves: Sequence[Sequence[float]], rank: Array, texts: Sequence[str], metric: str, width: int
) -> Iterator[str]:
    longest = max(map(len, curves))
    values = numpy.full((longest, len(curves)), numpy.nan)
    for number, curve in enumerate(curves):
        values[: len(curve), number] = curve
    finite = values[numpy.isfinite(values)]
    if not len(finite):
        return
    low, high = float(finite.min()), float(numpy.quantile(finite, 0.98))
    if not _is_log(low, max(high, low)):
        high = float(finite.max()) if finite.max() - low <= 4 * (high - low) else high
    left, right, top, bottom = SIDE, width - SIDE, 26, CURVES_HEIGHT - 30
    scale = _scale(low, high)
    with numpy.errstate(all="ignore"):
        places = numpy.where(numpy.isfinite(values), scale(values), numpy.nan)
    down = bottom + (top - bottom) * numpy.clip(places, 0, 1)
    across = left + (right - left) * numpy.arange(longest) / max(longest - 1, 1)
    kept = seen(across, down, _POINTS, _BUDGET)
    yield f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>'
    yield f'<text x="{left}" y="{top - 9}">{_short(metric, 60)} by epoch</text>'
    cut = "≥ " if float(finite.max()) > high else ""
    for place, value in [(0.0, low), (1.0, high), *([(0.5, _between(low, high, 0.5))] if high > low else [])]:
        y = bottom + (top - bottom) * place
        text = f"{cut if place == 1 else ''}{value:.3g}"
        yield f'<text x="{left - 6}" y="{y + 3.5:.1f}" text-anchor="end">{text}</text>'
    yield f'<text x="{left}" y="{bottom + 15}">1</text>'
    yield f'<text x="{right}" y="{bottom + 15}" text-anchor="end">{longest}</text>'
    for trial in numpy.argsort(-rank).tolist():
        rows = numpy.flatnonzero(kept[:, trial])
        if not len(rows):
            continue
        points = " ".join(f"{across[row]:.1f},{down[row, trial]:.1f}" for row in rows.tolist())
        title = f"<title>{escape(printable(texts[trial]))}</title>"
        if len(rows) == 1:
            left_of, _, below = points.partition(",")
            yield f'<circle cx="{left_of}" cy="{below}" r="2" fill="none" {_stroke(rank, trial)}>{title}</circle>'
        else:
            yield f'<polyline points="{points}" fill="none" {_stroke(rank, trial)}>{title}</polyline>'


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def _short(text: str, length: int) -> str:
    """Return a text that is short enough, in whose middle something may be missing, as SVG has it."""
    text = printable(text)
    if len(text) > length:
        half = max(length - 1, 2) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return escape(text)
