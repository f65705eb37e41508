"""Resizing along an axis as a product with a constant matrix; the rules are those of ``tf.image.resize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value, size_of
from nnc.ops import matmul, reshape, transpose

Array = Any
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5")
_TABLE = 1024
"""TensorFlow's bicubic weights come from a table with so many steps per pixel."""


def resize_axis(x: Value, axis: int, length: int, method: str, antialias: bool = False) -> Value:
    """Return x with another length of one axis.

    Args:
        x: floating-point numbers.
        axis: the axis, from 0.
        length: its new length.
        method: one of `METHODS`.
        antialias: whether a filter grows with the step where the axis becomes shorter.

    Raises:
        ModelError: the axis has a length that is known at run time only.
    """
    old = x.shape[axis]
    if isinstance(old, SymbolicDim):
        raise ModelError(f"axis {axis} of {x.type} has run-time length '{old}' and can be resized by 'nearest' only")
    if old == length and method != "area":
        return x
    return multiply_axis(x, axis, resizing_matrix(old, length, method, antialias))


def multiply_axis(x: Value, axis: int, matrix: Array) -> Value:
    """Return the product of a constant matrix of shape (new, old) with one axis of x."""
    constant = x.graph.constant(matrix, x.dtype)
    new, old = matrix.shape
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    if not after:
        return matmul(x, transpose(constant))
    columns = reshape(x, (size_of(before), old, size_of(after)))
    return reshape(matmul(constant, columns), (*before, new, *after))


def resizing_matrix(old: int, new: int, method: str, antialias: bool = False) -> Array:
    """Return the matrix of shape (new, old) that resizes an axis.

    >>> resizing_matrix(2, 4, "bilinear").tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    >>> resizing_matrix(4, 2, "area").tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    if method == "nearest":
        return numpy.eye(old)[_nearest(old, new)]
    if method == "area":
        return _area(old, new)
    if method in ("bilinear", "bicubic") and not antialias:
        return _bilinear(old, new) if method == "bilinear" else _bicubic(old, new)
    kernel, radius = _KERNELS[method]
    return _filter(old, new, kernel, radius, antialias)


def _centers(old: int, new: int) -> Array:
    """Return where the new pixels' centres lie among the old pixels, counted in float32 as TensorFlow does."""
    scale = numpy.float32(old) / numpy.float32(new)
    return (numpy.arange(new, dtype=numpy.float32) + numpy.float32(0.5)) * scale


def _nearest(old: int, new: int) -> Array:
    return numpy.minimum(numpy.floor(_centers(old, new)).astype(int), old - 1)


def _bilinear(old: int, new: int) -> Array:
    place = (_centers(old, new) - numpy.float32(0.5)).astype(float)
    low = numpy.floor(place)
    matrix, rows = numpy.zeros((new, old)), numpy.arange(new)
    numpy.add.at(matrix, (rows, numpy.maximum(low, 0).astype(int)), 1.0 - (place - low))
    numpy.add.at(matrix, (rows, numpy.minimum(numpy.ceil(place), old - 1).astype(int)), place - low)
    return matrix


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
    """Weigh the old pixels around each new one, as TensorFlow's ``ScaleAndTranslate`` does."""
    centers = _centers(old, new).astype(float)
    stretch = max(old / new, 1.0) if antialias else 1.0
    pixels = numpy.arange(old)
    reach = radius * stretch
    first = numpy.maximum(numpy.ceil(centers - reach - 0.5), 0)
    last = numpy.minimum(numpy.floor(centers + reach - 0.5), old - 1)
    weights = kernel((pixels + 0.5 - centers[:, None]) / stretch)
    weights = numpy.where((pixels >= first[:, None]) & (pixels <= last[:, None]), weights, 0.0)
    return weights / weights.sum(1, keepdims=True)
