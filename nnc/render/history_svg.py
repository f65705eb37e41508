"""A history's curves as a small SVG that needs no library, in the colours of the text around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy

from nnc.render.history_curves import COLOURS, VALIDATION, Best, Curve, Panel, best_of, panels_of
from nnc.render.replica_lines import BAND, opacity, quantiles, seen
from nnc.render.theme import FONT_FAMILY, SIZES
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.callbacks import History

Scale = Callable[[Any], Any]


@dataclass(frozen=True)
class Frame:
    """Sizes of panels.

    Args:
        width: width of a panel.
        height: its height.
        columns: how many stand side by side at most.
        wraps: whether a legend goes on in a new line where the first one is full.
    """

    width: int
    height: int
    columns: int
    wraps: bool


OF_ONE, OF_REPLICAS = Frame(300, 170, 3, False), Frame(430, 260, 2, True)
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 40, 26
"""Margins in a panel: numbers at the axes, and title and legend above."""
LINE = 14
"""Height of a legend's line."""
_MARK = 'stroke="currentColor" stroke-dasharray="1 3"'
_HALO = 'fill="none" stroke="#FFFFFF" stroke-opacity="0.7" stroke-width="4" stroke-linejoin="round"'
POINTS = 400
"""Points of a line at most; of epochs that share one, the lowest and the highest number are drawn."""
POINTS_OF_REPLICAS = 80_000
"""Points of the lines of all replicas in a picture."""


def history_svg(history: History) -> str:
    """Return the curves of a history, a panel for each number.

    Args:
        history: the record, of at least one epoch.
    """
    panels, best = panels_of(history), best_of(history)
    frame = OF_ONE if panels[0].curves[0].replicas is None else OF_REPLICAS
    columns = min(len(panels), frame.columns)
    rows = -(-len(panels) // columns)
    width, height = frame.width * columns, frame.height * rows
    budget = POINTS_OF_REPLICAS // sum(len(panel.curves) for panel in panels)
    parts = [
        f'<g transform="translate({number % columns * frame.width} {number // columns * frame.height})">'
        f"{_panel(panel, best, frame, budget)}</g>"
        for number, panel in enumerate(panels)
    ]
    style = f'font-family="{FONT_FAMILY}" font-size="{SIZES["detail"]}" fill="currentColor"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="loss and metrics by epoch" {style}>{"".join(parts)}</svg>'
    )


def _panel(panel: Panel, best: Best | None, frame: Frame, budget: int) -> str:
    epochs = [epoch for curve in panel.curves for epoch in curve.epochs]
    first, last = min(epochs), max(epochs)
    numbers = numpy.concatenate([curve.values.ravel() for curve in panel.curves])
    finite = numbers[numpy.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    right, bottom = frame.width - RIGHT, frame.height - BOTTOM
    legend, lines = _legend(panel.curves, best, right if frame.wraps else None)
    top = TOP + LINE * (lines - 1)

    def x(epoch: Any) -> Any:
        return LEFT + (right - LEFT) * (epoch - first) / max(last - first, 1)

    def y(value: Any) -> Any:
        return top + (bottom - top) * (high - value) / (high - low)

    name = escape(printable(panel.title))
    parts = [
        f'<text x="{LEFT}" y="15" font-size="{SIZES["text"]}" font-weight="bold">{name}</text>',
        f'<path d="M{LEFT} {top}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>',
        f'<text x="{LEFT - 5}" y="{top + 4}" text-anchor="end">{high:.4g}</text>',
        f'<text x="{LEFT - 5}" y="{bottom}" text-anchor="end">{low:.4g}</text>',
        f'<text x="{LEFT}" y="{bottom + 14}">epoch {first}</text>',
        *([f'<text x="{right}" y="{bottom + 14}" text-anchor="end">{last}</text>'] if last > first else []),
        *legend,
    ]
    if best is not None and first <= best.epoch <= last:
        place = f"{x(best.epoch):.1f}"
        parts.append(
            f'<path d="M{place} {top}V{bottom}" {_MARK}>'
            f"<title>{best.heading}, {best.name} {best.value:.4g}</title></path>"
        )
    if panel.curves[0].replicas is None:
        for curve in panel.curves:
            for line in _lines(curve):
                parts.append(_drawn([(x(epoch), y(value)) for epoch, value in line], curve))
        return "".join(parts)
    parts += [_replicas(curve, x, y, budget) for curve in panel.curves]
    parts += [part for curve in panel.curves for part in _usual(curve, x, y)]
    if best is not None and best.name.removeprefix(VALIDATION) == panel.name:
        parts.append(
            f'<circle cx="{x(best.epoch):.1f}" cy="{y(best.value):.1f}" r="4" fill="none" stroke="currentColor"/>'
        )
    return "".join(parts)


def _drawn(line: Sequence[tuple[float, float]], curve: Curve) -> str:
    """Return a line, or the dot that is one of a single point."""
    if len(line) == 1:
        ((across, down),) = line
        return f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{COLOURS[curve.kind]}"/>'
    return f'<polyline points="{_points(line)}" fill="none" {_stroke(curve)}/>'


def _points(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in line)


def _replicas(curve: Curve, x: Scale, y: Scale, budget: int) -> str:
    """Return a thin line for each replica, in whole tenths of a pixel: short texts, as there may be thousands."""
    values = numpy.where(numpy.isfinite(curve.values), curve.values, numpy.nan)
    across, down = x(numpy.array(curve.epochs, "float64")), y(values)
    kept = seen(across, down, POINTS, budget)
    known = numpy.isfinite(down)
    colour, dark = COLOURS[curve.kind], opacity(curve.values.shape[1])
    parts = []
    for column in range(curve.values.shape[1]):
        rows = numpy.flatnonzero(kept[:, column])
        if not len(rows):
            continue
        places = numpy.rint(10 * numpy.stack([across[rows], down[rows, column]], 1)).astype(int)
        gaps = numpy.flatnonzero(~known[:, column])
        runs = numpy.split(places, numpy.unique(numpy.searchsorted(rows, gaps)))
        path = "".join(_path(run.tolist()) for run in runs if len(run))
        parts.append(f'<path d="{path}"><title>replica {curve.replica(column)}</title></path>')
    return (
        f'<g transform="scale(.1)" fill="none" stroke="{colour}" stroke-opacity="{dark}" stroke-width="7"'
        f' stroke-linecap="round" stroke-linejoin="round">{"".join(parts)}</g>'
    )


def _path(places: Sequence[tuple[int, int]]) -> str:
    (left, top), *others = places
    steps, here = [], (left, top)
    for place in others:
        steps.append(f"{place[0] - here[0]} {place[1] - here[1]}".replace(" -", "-"))
        here = place
    if not steps:
        return f"M{left - 20} {top}h40"
    return f"M{left} {top}l{' '.join(steps).replace(' -', '-')}"


def _usual(curve: Curve, x: Scale, y: Scale) -> Iterator[str]:
    """Return the median, and the band around it where there are many curves."""

    def stretches(numbers: Any) -> Iterator[list[tuple[float, float]]]:
        for line in _lines(Curve(curve.kind, curve.epochs, numbers[:, None])):
            yield [(x(epoch), y(value)) for epoch, value in line]

    middle, low, high = quantiles(curve.values, (0.5, *BAND))
    if curve.has_band:
        for below, above in zip(stretches(low), stretches(high), strict=True):
            yield f'<polygon points="{_points([*below, *reversed(above)])}" {_fill(curve)}/>'
        for line in stretches(middle):
            yield f'<polyline points="{_points(line)}" {_HALO}/>'
    for line in stretches(middle):
        yield _drawn(line, curve)


def _fill(curve: Curve) -> str:
    return f'fill="{COLOURS[curve.kind]}" fill-opacity="0.2"'


def _stroke(curve: Curve) -> str:
    dashes = ' stroke-dasharray="5 3"' if curve.kind == "validation" else ""
    return f'stroke="{COLOURS[curve.kind]}" stroke-width="{1.5 if curve.replicas is None else 2}"{dashes}'


def _legend(curves: Sequence[Curve], best: Best | None, right: float | None) -> tuple[list[str], int]:
    """Return the parts of a legend, and how many lines it has.

    Args:
        curves: the curves of a panel.
        best: the best epoch.
        right: where a line is full; None for a single one.
    """
    entries = []
    for curve in curves:
        band = f'<path d="M{{place}} {{upper}}h18v8h-18z" {_fill(curve)}/>' if curve.has_band else ""
        entries.append((curve.label, f'{band}<path d="M{{place}} {{line}}h18" {_stroke(curve)}/>'))
    if best is not None:
        entries.append((f"best: {best.text}", f'<path d="M{{place}} {{line}}h18" {_MARK}/>'))
    parts, place, line = [], LEFT, 27
    for label, drawn in entries:
        width = 34 + 5 * len(label)
        if right is not None and place > LEFT and place + width - 12 > right:
            place, line = LEFT, line + LINE
        sample = drawn.format(place=place, line=line, upper=line - 4)
        parts.append(f'{sample}<text x="{place + 22}" y="{line + 3}">{escape(label)}</text>')
        place += width
    return parts, (line - 27) // LINE + 1


def _lines(curve: Curve) -> Iterator[list[tuple[int, float]]]:
    """Return the stretches of finite numbers, of each result."""
    for column in curve.values.T:
        line: list[tuple[int, float]] = []
        for epoch, value in _thinned(curve.epochs, column):
            if numpy.isfinite(value):
                line.append((epoch, value))
            elif line:
                yield line
                line = []
        if line:
            yield line


def _thinned(epochs: Sequence[int], values: Any) -> Iterator[tuple[int, float]]:
    """Return as many points as can be told apart; extremes stay."""
    if len(epochs) <= POINTS:
        yield from zip(epochs, values.tolist(), strict=True)
        return
    for part in numpy.array_split(numpy.arange(len(epochs)), POINTS // 2):
        chosen = sorted({int(part[numpy.argmin(values[part])]), int(part[numpy.argmax(values[part])])})
        yield from ((epochs[index], float(values[index])) for index in chosen)
