"""A history's curves as a small SVG that needs no library, in the colours of the text around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy

from nnc.render.history_curves import COLOURS, Best, Curve, Panel, best_of, panels_of
from nnc.render.theme import FONT_FAMILY, SIZES
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.callbacks import History

WIDTH, HEIGHT = 300, 170
"""Size of a panel."""
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 40, 26
"""Margins in it: numbers at the axes, and title and legend above."""
COLUMNS = 3
_MARK = 'stroke="currentColor" stroke-dasharray="1 3"'
POINTS = 400
"""Points of a line at most; of epochs that share one, the lowest and the highest number are drawn."""


def history_svg(history: History) -> str:
    """Return the curves of a history, a panel for each number.

    Args:
        history: the record, of at least one epoch.
    """
    panels, best = panels_of(history), best_of(history)
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    width, height = WIDTH * columns, HEIGHT * rows
    parts = [
        f'<g transform="translate({number % columns * WIDTH} {number // columns * HEIGHT})">{_panel(panel, best)}</g>'
        for number, panel in enumerate(panels)
    ]
    style = f'font-family="{FONT_FAMILY}" font-size="{SIZES["detail"]}" fill="currentColor"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="loss and metrics by epoch" {style}>{"".join(parts)}</svg>'
    )


def _panel(panel: Panel, best: Best | None) -> str:
    epochs = [epoch for curve in panel.curves for epoch in curve.epochs]
    first, last = min(epochs), max(epochs)
    numbers = numpy.concatenate([curve.values.ravel() for curve in panel.curves])
    finite = numbers[numpy.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)

    def x(epoch: Any) -> Any:
        return LEFT + (WIDTH - LEFT - RIGHT) * (epoch - first) / max(last - first, 1)

    def y(value: Any) -> Any:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    name = escape(printable(panel.name))
    parts = [
        f'<text x="{LEFT}" y="15" font-size="{SIZES["text"]}" font-weight="bold">{name}</text>',
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>',
        f'<text x="{LEFT - 5}" y="{TOP + 4}" text-anchor="end">{high:.4g}</text>',
        f'<text x="{LEFT - 5}" y="{bottom}" text-anchor="end">{low:.4g}</text>',
        f'<text x="{LEFT}" y="{bottom + 14}">epoch {first}</text>',
        *([f'<text x="{right}" y="{bottom + 14}" text-anchor="end">{last}</text>'] if last > first else []),
        *_legend(panel.curves, best),
    ]
    if best is not None and first <= best.epoch <= last:
        place = f"{x(best.epoch):.1f}"
        parts.append(
            f'<path d="M{place} {TOP}V{bottom}" {_MARK}>'
            f"<title>best epoch: {best.epoch}, {best.name} {best.value:.4g}</title></path>"
        )
    for curve in panel.curves:
        for line in _lines(curve):
            places = [f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in line]
            if len(places) == 1:
                across, down = places[0].split(",")
                parts.append(f'<circle cx="{across}" cy="{down}" r="3" fill="{COLOURS[curve.kind]}"/>')
            else:
                parts.append(f'<polyline points="{" ".join(places)}" fill="none" {_stroke(curve)}/>')
    return "".join(parts)


def _stroke(curve: Curve) -> str:
    dashes = ' stroke-dasharray="5 3"' if curve.kind == "validation" else ""
    return f'stroke="{COLOURS[curve.kind]}" stroke-width="1.5"{dashes}'


def _legend(curves: Sequence[Curve], best: Best | None) -> Iterator[str]:
    place = LEFT
    entries = [(curve.label, _stroke(curve)) for curve in curves]
    for label, stroke in [*entries, *([(f"best: {best.epoch}", _MARK)] if best is not None else [])]:
        yield f'<path d="M{place} 27h18" {stroke}/><text x="{place + 22}" y="30">{escape(label)}</text>'
        place += 34 + 5 * len(label)


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
