"""Medians, quantiles and percentiles."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.reduction import normalize_axes
from nnc.operations.element_types import as_float, as_value
from nnc.operations.elementwise import ceil, logical_not, round_to_even
from nnc.operations.reductions import Axes
from nnc.operations.registry import operation
from nnc.operations.special_numbers import is_nan

_METHODS = ("linear", "lower", "higher", "nearest", "midpoint")


@operation("Median", floats=True)
def median(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return medians over axes."""
    return quantiles("Median", x, 0.5, axis, "linear", keepdims)


@operation("Quantile", floats=True)
def quantile(x: Value, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Value:
    """Return quantiles over axes, those of several shares along a new first axis.

    Raises:
        ModelError: the method is another than linear, which Keras itself does not heed here.
    """
    if method != "linear":
        raise ModelError(f"Quantile: method must be linear, got {method!r}; Percentile knows others")
    return quantiles("Quantile", x, q, axis, method, keepdims)


@operation("Percentile")
def percentile(x: Value, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Value:
    """Return percentiles over axes, those of several shares along a new first axis."""
    return quantiles(
        "Percentile", x, ops.cast(as_value(q, "float32", x.graph), "float32") / 100.0, axis, method, keepdims
    )


@operation("Nanmedian")
def nanmedian(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return medians over axes without NaN; NaN where there is no number."""
    if axis is not None and not isinstance(axis, int) and not axis:
        return x
    return quantiles("Nanmedian", x, 0.5, axis, "linear", keepdims, leaves_out=True)


@operation("Nanquantile")
def nanquantile(x: Value, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Value:
    """Return quantiles over axes without NaN; NaN where there is no number."""
    return quantiles("Nanquantile", x, q, axis, method, keepdims, leaves_out=True)


@operation("Nanpercentile")
def nanpercentile(x: Value, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Value:
    """Return percentiles over axes without NaN; NaN where there is no number."""
    q = ops.cast(as_value(q, "float32", x.graph), "float32") / 100.0
    return quantiles("Nanpercentile", x, q, axis, method, keepdims, leaves_out=True)


def quantiles(name: str, x: Value, q: Any, axis: Axes, method: str, keepdims: bool, leaves_out: bool = False) -> Value:
    """Return quantiles over axes as TensorFlow computes them: places in double precision, numbers between two linear.

    Args:
        name: of the operation, for errors.
        x: the operand.
        q: shares from 0 to 1: one, or a vector, which becomes the first axis.
        axis: the axes; None for all elements.
        method: what is taken where a place is between two elements.
        keepdims: whether axes stay, with length 1.
        leaves_out: whether NaN counts as nothing; otherwise a quantile of what has one is NaN.

    Raises:
        ModelError: the method is unknown, or the shares are no vector.
    """
    if method not in _METHODS:
        raise ModelError(f"{name}: method must be one of {', '.join(_METHODS)}, got {method!r}")
    shares = as_value(q, "float32", x.graph)
    if shares.rank > 1:
        raise ModelError(f"{name}: q must be a number or a vector, got {shares.type}")
    x = as_float(x)
    axes = normalize_axes(x, axis if axis is None or isinstance(axis, int) else tuple(axis))
    others = [place for place in range(x.rank) if place not in axes]
    rows = ops.reshape(ops.transpose(x, (*others, *axes)), (*(x.shape[place] for place in others), -1))
    is_number = ops.cast(logical_not(is_nan(rows)), "float64")
    numbers, length = ops.sum(is_number, -1, keepdims=True), ops.size(rows, (rows.rank - 1,), "float64")
    exact = ((numbers if leaves_out else length) - 1.0) * ops.reshape(
        ops.cast(shares, "float64"), (*([1] * len(others)), -1)
    )
    found = _between(ops.sort(rows), exact, (numbers if leaves_out else length) - 1.0, method)
    is_missing = ops.equal(numbers, 0.0) if leaves_out else numbers < length
    found = ops.where(is_missing, float("nan"), found)
    kept = [1 if place in axes else dim for place, dim in enumerate(x.shape)] if keepdims else list(found.shape[:-1])
    if not shares.rank:
        return ops.reshape(found, kept)
    last = found.rank - 1
    return ops.reshape(ops.transpose(found, (last, *range(last))), (found.shape[-1], *kept))


def _between(rows: Value, exact: Value, last: Value, method: str) -> Value:
    """Return what sorted rows have at places that may lie between two elements."""

    def at(places: Value) -> Value:
        inside = ops.maximum(ops.minimum(places, last), 0.0)
        return ops.take_along_axis(rows, ops.cast(inside, "int64"), -1)

    if method == "nearest":
        return at(round_to_even(exact))
    if method in ("lower", "higher"):
        return at(ops.floor(exact) if method == "lower" else ceil(exact))
    if method == "midpoint":
        return 0.5 * (at(ops.floor(exact)) + at(ceil(exact)))
    smaller = ops.maximum(ops.minimum(ceil(exact), last) - 1.0, 0.0)
    larger = ops.minimum(smaller + 1.0, last)
    fraction = ops.cast(larger - exact, rows.dtype)
    return at(larger) * (1.0 - fraction) + at(smaller) * fraction
