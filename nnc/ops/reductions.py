"""Sums, means, extremes and quantiles along axes, also of what is not NaN.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.ops.dispatch import operate

__all__ = [
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "diff",
    "max",
    "mean",
    "median",
    "min",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
    "percentile",
    "prod",
    "ptp",
    "quantile",
    "std",
    "sum",
    "trapezoid",
    "var",
]


def all(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return whether no element over axes is 0."""
    return operate("All", x, axis=axis, keepdims=keepdims)


def allclose(x1: Any, x2: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """Return whether all elements of two are close; see `nnc.operations.special_numbers.is_close`."""
    return operate("AllClose", x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


def amax(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the largest elements over axes, and of a first value."""
    return operate("Amax", x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the smallest elements over axes, and of a first value."""
    return operate("Amin", x, axis=axis, keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return whether some element over axes is not 0."""
    return operate("Any", x, axis=axis, keepdims=keepdims)


def argmax(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the index of the first largest element along an axis, or among all, as int32."""
    return operate("Argmax", x, axis=axis, keepdims=keepdims)


def argmin(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the index of the first smallest element along an axis, or among all, as int32."""
    return operate("Argmin", x, axis=axis, keepdims=keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Return means over an axis, or over all elements, where some may weigh more than others."""
    return operate("Average", x, weights, axis=axis)


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return how many elements over axes are not 0, as int32."""
    return operate("CountNonzero", x, axis=axis)


def max(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None) -> Any:
    """Return the largest elements over axes, and of a first value."""
    return operate("Max", x, axis=axis, keepdims=keepdims, initial=initial)


def mean(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return means over axes."""
    return operate("Mean", x, axis=axis, keepdims=keepdims)


def median(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return medians over axes."""
    return operate("Median", x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None) -> Any:
    """Return the smallest elements over axes, and of a first value."""
    return operate("Min", x, axis=axis, keepdims=keepdims, initial=initial)


def nanargmax(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the index of the first largest element along an axis, or among all, as int32; -1 without a number."""
    return operate("Nanargmax", x, axis=axis, keepdims=keepdims)


def nanargmin(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the index of the first smallest element along an axis, or among all, as int32; -1 without a number."""
    return operate("Nanargmin", x, axis=axis, keepdims=keepdims)


def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the product of all elements up to each one; what is infinite counts as the largest number, as in Keras."""
    return operate("Nancumprod", x, axis=axis, dtype=dtype)


def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the sum of all elements up to each one; what is infinite counts as the largest number, as in Keras."""
    return operate("Nancumsum", x, axis=axis, dtype=dtype)


def nanmax(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the largest elements over axes; NaN where there is no number."""
    return operate("Nanmax", x, axis=axis, keepdims=keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return means over axes; NaN where there is no number."""
    return operate("Nanmean", x, axis=axis, keepdims=keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return medians over axes without NaN; NaN where there is no number."""
    return operate("Nanmedian", x, axis=axis, keepdims=keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the smallest elements over axes; NaN where there is no number."""
    return operate("Nanmin", x, axis=axis, keepdims=keepdims)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False) -> Any:
    """Return percentiles over axes without NaN; NaN where there is no number."""
    return operate("Nanpercentile", x, q, axis=axis, method=method, keepdims=keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return products over axes."""
    return operate("Nanprod", x, axis=axis, keepdims=keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False) -> Any:
    """Return quantiles over axes without NaN; NaN where there is no number."""
    return operate("Nanquantile", x, q, axis=axis, method=method, keepdims=keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return standard deviations over axes; NaN where there is no number."""
    return operate("Nanstd", x, axis=axis, keepdims=keepdims)


def nansum(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return sums over axes."""
    return operate("Nansum", x, axis=axis, keepdims=keepdims)


def nanvar(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return variances over axes; NaN where there is no number."""
    return operate("Nanvar", x, axis=axis, keepdims=keepdims)


def percentile(x: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False) -> Any:
    """Return percentiles over axes, those of several shares along a new first axis."""
    return operate("Percentile", x, q, axis=axis, method=method, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Any:
    """Return products over axes, pair by pair."""
    return operate("Prod", x, axis=axis, keepdims=keepdims, dtype=dtype)


def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the differences of the largest and the smallest elements over axes."""
    return operate("Ptp", x, axis=axis, keepdims=keepdims)


def quantile(x: Any, q: Any, axis: Any = None, method: Any = "linear", keepdims: Any = False) -> Any:
    """Return quantiles over axes, those of several shares along a new first axis."""
    return operate("Quantile", x, q, axis=axis, method=method, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return standard deviations over axes."""
    return operate("Std", x, axis=axis, keepdims=keepdims)


def sum(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return sums over axes; of truth values, and of bytes, in 32 bits."""
    return operate("Sum", x, axis=axis, keepdims=keepdims)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    """Return integrals along an axis, of what is linear between samples."""
    return operate("Trapezoid", y, x=x, dx=dx, axis=axis)


def var(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return variances over axes."""
    return operate("Var", x, axis=axis, keepdims=keepdims)


def diff(a: Any, n: Any = 1, axis: Any = -1) -> Any:
    """Return the differences between neighbours along an axis, n times over."""
    return operate("Diff", a, n=n, axis=axis)
