"""Filters that resize an axis, as matrices and as bands of them; the rules are those of ``tf.image.resize``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy

Array = Any
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5")
_TABLE = 1024
"""TensorFlow's bicubic weights come from a table with so many steps per pixel."""


@lru_cache(maxsize=64)
def band(old: int, new: int, method: str, antialias: bool = False, transposed: bool = False) -> tuple[Array, Array]:
    """Return the matrix that resizes an axis, or the transposed one, without the zeros beside its diagonal.

    Returns:
        starts (rows,), the columns of the first weights, and weights (rows, neighbours), as many as any row needs;
        those of a row lie side by side, and inside the matrix.

    >>> starts, weights = band(4, 2, "area")
    >>> starts.tolist(), weights.tolist()
    ([0, 2], [[0.5, 0.5], [0.5, 0.5]])
    """
    matrix = resizing_matrix(old, new, method, antialias)
    if transposed:
        matrix = matrix.T
    columns = matrix.shape[1]
    there = matrix != 0
    first = there.argmax(1)
    last = columns - 1 - there[:, ::-1].argmax(1)
    neighbours = max(int(numpy.where(there.any(1), last - first + 1, 1).max(initial=1)), 1)
    starts = numpy.minimum(first, columns - neighbours)
    return starts, numpy.take_along_axis(matrix, starts[:, None] + numpy.arange(neighbours), 1)


def resizing_matrix(old: int, new: int, method: str, antialias: bool = False) -> Array:
    """Return the matrix of shape (new, old) that resizes an axis by a filter.

    >>> resizing_matrix(4, 2, "area").tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    if method == "nearest":
        return (_nearest(old, new)[:, None] == numpy.arange(old)).astype(float)
    if method == "area":
        return _area(old, new)
    if method == "bilinear" and not antialias:
        return _linear(old, new)
    if method == "bicubic" and not antialias:
        return _bicubic(old, new)
    kernel, radius = _KERNELS[method]
    return _filter(old, new, kernel, radius, antialias)


def _centers(old: int, new: int) -> Array:
    """Return where the new pixels' centres lie among the old pixels, counted in float32 as TensorFlow does."""
    scale = numpy.float32(old) / numpy.float32(new)
    return (numpy.arange(new, dtype=numpy.float32) + numpy.float32(0.5)) * scale


def _nearest(old: int, new: int) -> Array:
    return numpy.minimum(numpy.floor(_centers(old, new)).astype(int), old - 1)


def _linear(old: int, new: int) -> Array:
    """Triangles around the places of the new pixels among the old ones, which end at the last pixels."""
    places = numpy.clip(_centers(old, new) - numpy.float32(0.5), 0, old - 1).astype(float)
    return _triangle(places[:, None] - numpy.arange(old))


def _bicubic(old: int, new: int) -> Array:
    """Keys' kernel with a = -1/2; weights outside are left out, and the others sum to 1 again."""
    place = (_centers(old, new) - numpy.float32(0.5)).astype(float)
    low = numpy.floor(place)
    fraction = numpy.rint((place - low) * _TABLE) / _TABLE
    matrix, rows = numpy.zeros((new, old)), numpy.arange(new)
    for offset in (-1, 0, 1, 2):
        column = (low + offset).astype(int)
        inside = (column >= 0) & (column < old)
        numpy.add.at(matrix, (rows[inside], column[inside]), _keys(fraction - offset)[inside])
    return matrix / matrix.sum(1, keepdims=True)


def _area(old: int, new: int) -> Array:
    edges = numpy.arange(new + 1) * (old / new)
    pixels = numpy.arange(old)
    overlap = numpy.minimum(edges[1:, None], pixels + 1) - numpy.maximum(edges[:-1, None], pixels)
    return numpy.maximum(overlap, 0.0) * (new / old)


def _keys(x: Array) -> Array:
    """R. Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29 (1981)."""
    x = numpy.abs(x)
    near, far = ((1.5 * x - 2.5) * x) * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return numpy.where(x < 1.0, near, numpy.where(x < 2.0, far, 0.0))


def _lanczos(radius: float) -> Callable[[Array], Array]:
    return lambda x: numpy.where(numpy.abs(x) <= radius, numpy.sinc(x) * numpy.sinc(x / radius), 0.0)


def _triangle(x: Array) -> Array:
    return numpy.maximum(1.0 - numpy.abs(x), 0.0)


_KERNELS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_keys, 2.0),
    "lanczos3": (_lanczos(3.0), 3.0),
    "lanczos5": (_lanczos(5.0), 5.0),
}
"""Filters and their radius in pixels."""


def _filter(old: int, new: int, kernel: Callable[[Array], Array], radius: float, antialias: bool) -> Array:
    """Weigh the old pixels around each new one, as TensorFlow's ``ScaleAndTranslate`` does.

    That is given how many new pixels an old one becomes, and rounds what it divides this by once more.
    """
    step = numpy.float32(1) / (numpy.float32(new) / numpy.float32(old))
    centers = ((numpy.arange(new, dtype=numpy.float32) + numpy.float32(0.5)) * step).astype(float)
    stretch = max(old / new, 1.0) if antialias else 1.0
    pixels = numpy.arange(old)
    reach = radius * stretch
    first = numpy.maximum(numpy.ceil(centers - reach - 0.5), 0)
    last = numpy.minimum(numpy.floor(centers + reach - 0.5), old - 1)
    weights = kernel((pixels + 0.5 - centers[:, None]) / stretch)
    weights = numpy.where((pixels >= first[:, None]) & (pixels <= last[:, None]), weights, 0.0)
    return weights / weights.sum(1, keepdims=True)
