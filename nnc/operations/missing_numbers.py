"""Reductions and accumulations that leave out NaN."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import numpy

from nnc.ir import Value, ops
from nnc.operations import reductions
from nnc.operations.elementwise import logical_not
from nnc.operations.ordering import cumprod, cumsum
from nnc.operations.reductions import Axes
from nnc.operations.registry import operation
from nnc.operations.special_numbers import is_nan


def _without(x: Value, number: float) -> Value:
    """Return x with a number instead of NaN."""
    return ops.where(is_nan(x), number, x) if x.type.is_floating else x


@operation("Nansum")
def nansum(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return sums over axes."""
    return reductions.sum(_without(x, 0.0), axis, keepdims)


@operation("Nanprod")
def nanprod(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return products over axes."""
    return reductions.prod_over(_without(x, 1.0), axis, keepdims)


@operation("Nanmean", floats=True)
def nanmean(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return means over axes; NaN where there is no number."""
    if axis is not None and not isinstance(axis, int) and not axis:
        return x
    return nansum(x, axis, keepdims) / _count(x, axis, keepdims)


@operation("Nanvar", floats=True)
def nanvar(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return variances over axes; NaN where there is no number."""
    centered = ops.where(is_nan(x), 0.0, x - nanmean(x, axis, True))
    return reductions.sum(ops.square(centered), axis, keepdims) / _count(x, axis, keepdims)


@operation("Nanstd", floats=True)
def nanstd(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return standard deviations over axes; NaN where there is no number."""
    return ops.sqrt(nanvar(x, axis, keepdims))


def _count(x: Value, axis: Axes, keepdims: bool) -> Value:
    return reductions.sum(ops.cast(logical_not(is_nan(x)), x.dtype), axis, keepdims)


@operation("Nanmax")
def nanmax(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return the largest elements over axes; NaN where there is no number."""
    return _extreme(x, axis, keepdims, reductions.max, -inf)


@operation("Nanmin")
def nanmin(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return the smallest elements over axes; NaN where there is no number."""
    return _extreme(x, axis, keepdims, reductions.min, inf)


def _extreme(x: Value, axis: Axes, keepdims: bool, reduce: Callable[..., Value], instead: float) -> Value:
    found = reduce(_without(x, instead), axis, keepdims)
    if not x.type.is_floating:
        return found
    return ops.where(reductions.all(is_nan(x), axis, keepdims), nan, found)


@operation("Nanargmax")
def nanargmax(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first largest element along an axis, or among all, as int32; -1 without a number."""
    return _position(x, axis, keepdims, reductions.argmax, -inf)


@operation("Nanargmin")
def nanargmin(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first smallest element along an axis, or among all, as int32; -1 without a number."""
    return _position(x, axis, keepdims, reductions.argmin, inf)


def _position(x: Value, axis: int | None, keepdims: bool, find: Callable[..., Value], instead: float) -> Value:
    found = find(_without(x, instead), axis, keepdims)
    return ops.where(reductions.all(is_nan(x), axis, keepdims), -1, found) if x.type.is_floating else found


@operation("Nancumsum")
def nancumsum(x: Value, axis: int | None = None, dtype: str | None = None) -> Value:
    """Return the sum of all elements up to each one; what is infinite counts as the largest number, as in Keras."""
    return cumsum(_numbers(x, 0.0), axis, dtype)


@operation("Nancumprod")
def nancumprod(x: Value, axis: int | None = None, dtype: str | None = None) -> Value:
    """Return the product of all elements up to each one; what is infinite counts as the largest number, as in Keras."""
    return cumprod(_numbers(x, 1.0), axis, dtype)


def _numbers(x: Value, instead: float) -> Value:
    if not x.type.is_floating:
        return x
    most = float(numpy.finfo(x.dtype).max)
    x = _without(x, instead)
    x = ops.where(ops.equal(x, inf), most, x)
    return ops.where(ops.equal(x, -inf), -most, x)
