"""The curves of many replicas as numbers: what is usual among them, and lines of no more points than can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

Array = Any

BAND = (0.1, 0.9)
"""The quantiles that a band lies between."""
MANY = 20
"""Up to so many curves are told apart by eye; of more there is a band."""
_FINEST, _COARSEST = 0.25, 8.0
_GOLDEN = 0.618034
"""Its multiples fill the range from 0 to 1 evenly, however many there are."""


def opacity(count: int) -> float:
    """Return how dark a line is of so many that lie on each other."""
    return round(float(numpy.clip(1.5 / numpy.sqrt(count), 0.04, 0.6)), 3)


def quantiles(values: Array, shares: Sequence[float]) -> Array:
    """Return quantiles by epoch of those curves that have a number there, NaN where none has.

    Args:
        values: shape (epochs, curves); what is not finite is no number.
        shares: which ones, from 0 to 1.

    Returns:
        Shape (shares, epochs).
    """
    ordered = numpy.sort(numpy.where(numpy.isfinite(values), values, numpy.nan), 1)  # NaN comes last
    last = numpy.isfinite(ordered).sum(1) - 1
    found = []
    for share in shares:
        place = numpy.maximum(last, 0) * share
        below = numpy.floor(place).astype(int)
        above = numpy.minimum(below + 1, numpy.maximum(last, 0))
        low, high = (numpy.take_along_axis(ordered, index[:, None], 1)[:, 0] for index in (below, above))
        found.append(low + (high - low) * (place - below))
    return numpy.array(found)


def seen(x: Array, y: Array, points: int, budget: int) -> Array:
    """Return which points of curves are to be drawn: of those that can be told apart, not many more than a budget.

    Lines through these pass every point closely: within a quarter of a pixel, or within as many as are needed for the
    budget, up to eight. Of numbers that jump about by more than that, the lowest and highest of some epochs stay.

    Args:
        x: places of the epochs in pixels, shape (epochs,).
        y: places of the numbers in pixels, shape (epochs, curves); NaN where there is none.
        points: points of a curve that the width can show.
        budget: points of all curves.

    Returns:
        A truth value for each of `y`.
    """
    stretches, distance = points // 2, _FINEST
    chosen = _extremes(y, stretches)
    kept = _bent(x, y, chosen, distance)
    while kept.sum() > budget and distance < _COARSEST:
        distance *= 2
        kept = _bent(x, y, chosen, distance)
    while kept.sum() > budget and stretches > 4:
        stretches //= 2
        kept = _extremes(y, stretches)
    return kept


def _extremes(y: Array, stretches: int) -> Array:
    """Return a mask of the lowest and the highest point of each stretch of epochs, and of the ends of each curve.

    Stretches of different curves begin at different epochs; else all curves would turn at the same ones.
    """
    known = numpy.isfinite(y)
    if len(y) <= 2 * stretches:
        return known
    kept = numpy.zeros(y.shape, bool)
    curves = numpy.arange(y.shape[1])
    length = -(-len(y) // stretches)
    first = numpy.arange(length)[:, None] - (curves * _GOLDEN % 1 * length).astype(int)
    for begin in range(0, len(y) + length, length):
        rows = numpy.clip(begin + first, 0, len(y) - 1)
        values, is_known = y[rows, curves], known[rows, curves]
        for filled, choose in ((numpy.inf, numpy.argmin), (-numpy.inf, numpy.argmax)):
            kept[rows[choose(numpy.where(is_known, values, filled), 0), curves], curves] = True
    return (kept | _ends(known)) & known


def _ends(known: Array) -> Array:
    """Return a mask of the first and the last point of each run of points."""
    padded = numpy.pad(known, ((1, 1), (0, 0)))
    return known & ~(padded[:-2] & padded[2:])


def _bent(x: Array, y: Array, chosen: Array, distance: float) -> Array:
    """Return a mask of those chosen points at which lines must bend to pass all chosen ones within a distance.

    From the last bend there is a cone of directions in which a line passes all points since; it bends where it is left.
    """
    kept = chosen & _ends(numpy.isfinite(y))
    count = y.shape[1]
    curves = numpy.arange(count)
    before = numpy.full(count, -1)  # the last chosen point of each curve
    x0, y0 = numpy.zeros(count), numpy.zeros(count)
    steepest_down, steepest_up = numpy.full(count, -numpy.inf), numpy.full(count, numpy.inf)
    for row in range(len(x)):
        here = chosen[row]
        begins = here & kept[row]
        with numpy.errstate(all="ignore"):
            across = x[row] - x0
            slope = (y[row] - y0) / across
            leaves = here & ~begins & ((slope < steepest_down) | (slope > steepest_up))
        bends = leaves & (before >= 0)
        kept[before[bends], curves[bends]] = True
        x0[bends], y0[bends] = x[before[bends]], y[before[bends], curves[bends]]
        steepest_down[bends], steepest_up[bends] = -numpy.inf, numpy.inf
        # A run's last point ends a line, too, which must not pass what is before it by too far.
        ends = begins & (before >= 0)
        with numpy.errstate(all="ignore"):
            far = ends & ((slope < steepest_down) | (slope > steepest_up))
        kept[before[far], curves[far]] = True
        x0[begins], y0[begins] = x[row], y[row, begins]
        steepest_down[begins], steepest_up[begins] = -numpy.inf, numpy.inf
        inner = here & ~begins
        with numpy.errstate(all="ignore"):
            across = x[row] - x0
            down, up = (y[row] - distance - y0) / across, (y[row] + distance - y0) / across
        steepest_down[inner] = numpy.maximum(steepest_down, down)[inner]
        steepest_up[inner] = numpy.minimum(steepest_up, up)[inner]
        before[here] = row
    return kept
