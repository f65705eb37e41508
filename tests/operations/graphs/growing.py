"""What a step of a growing graph sees of it, and whether numbers are far enough from where rounding decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy

Arrays = tuple[Any, ...]
"""What a value is for each number of rows that is tried."""
MARGIN = 0.01


class Growing(Protocol):
    """A graph under construction."""

    draw: Callable[[Any], Any]
    is_traced: bool

    def pick(self, accepts: Callable[[Arrays], bool] = ...) -> str:
        """Draw a value."""

    def arrays(self, name: str) -> Arrays:
        """Return what a value is."""

    def add(self, text: str) -> str | None:
        """Add a line, if what it gives is fit to go on from."""


def is_float(arrays: Arrays) -> bool:
    """Whether a value holds floats."""
    return arrays[0].dtype.kind == "f"


def is_whole(arrays: Arrays) -> bool:
    """Whether a value holds whole numbers."""
    return arrays[0].dtype.kind in "iu"


def is_number(arrays: Arrays) -> bool:
    """Whether a value holds floats or whole numbers."""
    return is_float(arrays) or is_whole(arrays)


def has_axes(arrays: Arrays, least: int = 1) -> bool:
    """Whether a value has so many axes."""
    return arrays[0].ndim >= least


def known_axes(arrays: Arrays) -> list[int]:
    """Return the axes whose length is the same for each number of rows."""
    shapes = [array.shape for array in arrays]
    return [axis for axis, lengths in enumerate(zip(*shapes, strict=True)) if len(set(lengths)) == 1]


def away(arrays: Arrays, *points: float) -> bool:
    """Whether numbers are not near points."""
    return all(bool((numpy.abs(array - point) > MARGIN).all()) for array in arrays for point in points)


def away_from_multiples(arrays: Arrays, of: float = 1.0, offset: float = 0.0) -> bool:
    """Whether numbers are not near multiples of a number."""
    places = [(array - offset) / of for array in arrays]
    return all(bool((numpy.abs(place - numpy.rint(place)) * of > MARGIN).all()) for place in places)


def apart(first: Arrays, second: Arrays) -> bool:
    """Whether elements of two, which broadcast, are not near one another."""
    pairs = zip(first, second, strict=True)
    return all(bool((numpy.abs(one.astype("float64") - other) > MARGIN).all()) for one, other in pairs)


def spread(arrays: Arrays, axis: int | None) -> bool:
    """Whether no two floats along an axis are near each other; equal whole numbers stay in order."""
    if not is_float(arrays):
        return True
    found = [numpy.sort(array, axis=axis) if axis is not None else numpy.sort(array, axis=None) for array in arrays]
    return all(bool((numpy.diff(array, axis=-1 if axis is None else axis) > MARGIN).all()) for array in found)
