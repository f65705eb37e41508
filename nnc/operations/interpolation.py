"""Resizing along an axis as a product with a constant matrix; the rules are those of ``tf.image.resize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, SymbolicDim, Value, size_of
from nnc.ir.ops import absolute, matmul, maximum, minimum, relu, reshape, transpose
from nnc.ir.ops.comparison import Equal
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota, Size

Array = Any
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5")
_TABLE = 1024
"""TensorFlow's bicubic weights come from a table with so many steps per pixel."""


def resize_axis(x: Value, axis: int, length: Dim, method: str, antialias: bool = False) -> Value:
    """Return x with another length of one axis.

    Args:
        x: floating-point numbers.
        axis: the axis, from 0.
        length: its new length.
        method: one of `METHODS`.
        antialias: whether a filter grows with the step where the axis becomes shorter.

    Raises:
        ModelError: the axis has a length that is known at run time only, and the method needs to know it.
    """
    old = x.shape[axis]
    if old == length and method != "area":
        return x
    if method == "bilinear" and not antialias:
        return multiply_axis(x, axis, _linear(x, old, length))
    if isinstance(old, SymbolicDim) or isinstance(length, SymbolicDim):
        raise ModelError(f"axis {axis} of {x.type} has run-time length '{old}', which only 'bilinear' can resize")
    if method == "nearest":
        pixels = x.graph.constant(_nearest(old, length)[:, None], "int32")
        return multiply_axis(x, axis, apply(Equal(dtype=x.dtype), pixels, x.graph.add(Iota(old, "int32"))[0]))
    return multiply_axis(x, axis, resizing_matrix(old, length, method, antialias))


def multiply_axis(x: Value, axis: int, matrix: Any) -> Value:
    """Return the product of a matrix of shape (new, old), an array or a value, with one axis of x."""
    value = matrix if isinstance(matrix, Value) else x.graph.constant(matrix, x.dtype)
    new, old = value.shape
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    if x.rank == 1:
        return reshape(matmul(value, reshape(x, (old, 1))), (new,))
    if not after:
        return matmul(x, transpose(value))
    columns = reshape(x, (size_of(before), old, size_of(after)))
    return reshape(matmul(value, columns), (*before, new, *after))


def _linear(x: Value, old: Dim, new: Dim) -> Value:
    """Return the matrix of 'bilinear' as graph code, which is shorter than its numbers and takes run-time lengths.

    Its rows are triangles around the places of the new pixels among the old ones, which end at the last pixels.
    """
    pixels, rows = (x.graph.add(Iota(length, x.dtype))[0] for length in (old, new))
    scale = _number(x, old) / _number(x, new)
    places = reshape((rows + 0.5) * scale - 0.5, (new, 1))
    return relu(1.0 - absolute(minimum(maximum(places, 0.0), _number(x, old) - 1.0) - pixels))


def _number(x: Value, length: Dim) -> Value:
    """Return a length as a number of x's element type, which is known before the run."""
    if isinstance(length, SymbolicDim):
        return x.graph.add(Size((length,), x.dtype))[0]
    return x.graph.constant(float(length), x.dtype)


def resizing_matrix(old: int, new: int, method: str, antialias: bool = False) -> Array:
    """Return the matrix of shape (new, old) that resizes an axis by a filter.

    >>> resizing_matrix(4, 2, "area").tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    if method == "area":
        return _area(old, new)
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
