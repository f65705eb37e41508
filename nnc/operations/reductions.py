"""Operations that make one element of many along axes: sums, means, extremes, truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.reduction import normalize_axes
from nnc.operations.element_types import as_float, as_value, of_one_type
from nnc.operations.elementwise import logical_not, opposite
from nnc.operations.registry import operation
from nnc.operations.special_numbers import is_close, is_finite
from nnc.settings import SETTINGS

Axes = int | Sequence[int] | None
_SUMMED = {"bool": "int32", "uint8": "uint32"}
"""Element types in which Keras adds and multiplies up those that are too small for it."""


@operation("Sum")
def sum(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return sums over axes; of truth values, and of bytes, in 32 bits."""
    return ops.sum(ops.cast(x, _SUMMED.get(x.dtype, x.dtype)), _axes(axis), keepdims)


@operation("Mean", floats=True)
def mean(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return means over axes."""
    return ops.mean(x, _axes(axis), keepdims)


@operation("Var", floats=True)
def var(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return variances over axes."""
    return ops.mean(ops.square(x - ops.mean(x, _axes(axis), True)), _axes(axis), keepdims)


@operation("Std", floats=True)
def std(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return standard deviations over axes."""
    return ops.sqrt(var(x, axis, keepdims))


@operation("Moments", module="nn")
def moments(x: Value, axes: Axes, keepdims: bool = False, synchronized: bool = False) -> tuple[Value, Value]:
    """Return means and variances over axes.

    Raises:
        ModelError: x holds whole numbers, or devices are to be synchronized.
    """
    if synchronized:
        raise ModelError("Moments: synchronized must be False, there is one device")
    if not x.type.is_floating:
        raise ModelError(f"Moments: x must hold floating-point numbers, got {x.type}")
    return mean(x, axes, keepdims), var(x, axes, keepdims)


@operation("Logsumexp", module="math")
def logsumexp(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return logarithms of the sums of exponentials over axes, which do not overflow."""
    most: Value | float = 0.0
    if not _is_empty(x, axis):
        found = ops.max(x, _axes(axis), True)
        most = ops.stop_gradient(ops.where(is_finite(found), found, 0.0))
    found = ops.log(ops.sum(ops.exp(x - most), _axes(axis), True)) + most
    if keepdims:
        return found
    axes = normalize_axes(x, _axes(axis))
    return ops.reshape(found, [dim for place, dim in enumerate(x.shape) if place not in axes])


@operation("CountNonzero")
def count_nonzero(x: Value, axis: Axes = None) -> Value:
    """Return how many elements over axes are not 0, as int32."""
    return sum(ops.cast(x, "bool"), axis)


@operation("Average", floats=True)
def average(x: Value, weights: Any = None, axis: int | None = None) -> Value:
    """Return means over an axis, or over all elements, where some may weigh more than others.

    Args:
        x: the operand.
        weights: of all elements, or of those along the axis.
        axis: the axis; None for all elements.

    Raises:
        ModelError: the weights do not fit.
    """
    if weights is None:
        return mean(x, axis)
    x, weights = of_one_type((x, as_float(as_value(weights, "float32", x.graph))))
    if weights.shape != x.shape:
        if axis is None or weights.shape != (x.shape[axis],):
            where = "" if axis is None else f" or of axis {axis}"
            raise ModelError(f"Average: weights must be of the shape of x{where}, got {weights.type} for {x.type}")
        place = axis % x.rank
        weights = ops.reshape(weights, [x.shape[place] if other == place else 1 for other in range(x.rank)])
    return ops.sum(x * weights, axis) / ops.sum(weights, axis if weights.shape == x.shape else None)


@operation("Max")
@operation("Amax")
def max(x: Value, axis: Axes = None, keepdims: bool = False, initial: float | None = None) -> Value:
    """Return the largest elements over axes, and of a first value."""
    if initial is not None and _is_empty(x, axis):
        return _filled(x, axis, keepdims, initial)
    found = ops.max(x, _axes(axis), keepdims)
    return found if initial is None else _limited("Max", found, initial, ops.maximum)


@operation("Min")
@operation("Amin")
def min(x: Value, axis: Axes = None, keepdims: bool = False, initial: float | None = None) -> Value:
    """Return the smallest elements over axes, and of a first value."""
    if initial is not None and _is_empty(x, axis):
        return _filled(x, axis, keepdims, initial)
    found = opposite(ops.max(opposite(x), _axes(axis), keepdims))
    return found if initial is None else _limited("Min", found, initial, ops.minimum)


def _limited(name: str, x: Value, initial: float, choose: Callable[[Value, Any], Value]) -> Value:
    """Return x and a first value in one: the larger or the smaller of both.

    Raises:
        ModelError: x holds whole numbers, and the value is none.
    """
    if x.dtype == "bool":
        return ops.cast(choose(ops.cast(x, "int32"), int(initial)), "bool")
    if not x.type.is_floating and int(initial) != initial:
        raise ModelError(f"{name}: initial must be a whole number for {x.type}, got {initial}")
    return choose(x, initial if x.type.is_floating else int(initial))


@operation("Ptp")
def ptp(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return the differences of the largest and the smallest elements over axes."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@operation("Any")
def any(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return whether some element over axes is not 0."""
    if _is_empty(x, axis):
        return ops.cast(_filled(x, axis, keepdims, 0), "bool")
    return ops.cast(ops.max(ops.cast(ops.cast(x, "bool"), "float32"), _axes(axis), keepdims), "bool")


@operation("All")
def all(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return whether no element over axes is 0."""
    return logical_not(any(logical_not(x), axis, keepdims))


@operation("AllClose")
def all_close(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Return whether all elements of two are close; see `nnc.operations.special_numbers.is_close`."""
    return all(is_close(x1, x2, rtol, atol, equal_nan))


@operation("Argmax")
def argmax(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first largest element along an axis, or among all, as int32."""
    found = ops.argmax(ops.reshape(x, (-1,)) if axis is None else x, 0 if axis is None else axis)
    if keepdims:
        shape = [1] * x.rank if axis is None else list(x.shape)
        shape[0 if axis is None else axis] = 1
        found = ops.reshape(found, shape)
    return ops.cast(found, "int32")


@operation("Argmin")
def argmin(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first smallest element along an axis, or among all, as int32."""
    return argmax(opposite(x), axis, keepdims)


@operation("Normalize", module="nn")
def normalize(x: Value, axis: Axes = -1, order: int = 2, epsilon: float | None = None) -> Value:
    """Return x divided by its norm over axes, or by a small number where that is larger.

    Args:
        x: the operand.
        axis: the axes; all for None.
        order: of the norm: the root of the sum of so high powers.
        epsilon: the small number; `nnc.config.epsilon()` by default.

    Raises:
        ModelError: the order is below 1, or above 2 or 1 it is that of a matrix.
    """
    least = SETTINGS.epsilon if epsilon is None else epsilon
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ModelError(f"Normalize: order must be a whole number of at least 1, got {order!r}")
    if order == 2:
        return x * ops.minimum(1.0 / ops.sqrt(ops.sum(ops.square(x), _axes(axis), True)), 1.0 / least)
    axes = normalize_axes(x, _axes(axis))
    if len(axes) != 1:
        raise ModelError(f"Normalize: axis must be one axis where order is not 2, got {axis}")
    size = ops.absolute(x)
    norm = ops.sum(size, axes, True) if order == 1 else ops.sum(size**order, axes, True) ** (1.0 / order)
    return x / ops.maximum(norm, least)


@operation("Prod")
def prod_over(x: Value, axis: Axes = None, keepdims: bool = False, dtype: str | None = None) -> Value:
    """Return products over axes, pair by pair.

    Raises:
        ModelError: a length is not known before the run.
    """
    axes = normalize_axes(x, axis)
    x = ops.cast(x, dtype or _SUMMED.get(x.dtype, x.dtype))
    if _is_empty(x, axis):
        return _filled(x, axis, keepdims, 1)
    kept = [1 if place in axes else dim for place, dim in enumerate(x.shape)]
    lengths = [x.shape[place] for place in axes]
    if not set(map(type, lengths)) <= {int}:
        raise ModelError(f"Prod: axes must have known lengths, got {x.type} over axes {list(axes)}")
    others = [place for place in range(x.rank) if place not in axes]
    found = ops.reshape(ops.transpose(x, (*axes, *others)), (prod(map(int, lengths)), *(x.shape[at] for at in others)))
    length = int(found.shape[0])
    while length > 1:
        half = length // 2
        pairs = ops.take(found, 0, 0, half) * ops.take(found, 0, half, 2 * half)
        found = ops.concatenate([pairs, ops.take(found, 0, length - 1)], 0) if length % 2 else pairs
        length -= half
    return ops.reshape(found, kept if keepdims else [x.shape[place] for place in others])


@operation("Trapezoid", floats=True)
def trapezoid(y: Value, x: Any = None, dx: float = 1.0, axis: int = -1) -> Value:
    """Return integrals along an axis, of what is linear between samples.

    Args:
        y: the samples.
        x: where they are, along the last axis or for each.
        dx: their distance, where x is None.
        axis: the axis.

    Raises:
        ModelError: x does not fit.
    """
    place = normalize_axes(y, axis)[0]
    heights = 0.5 * (ops.take(y, place, 1) + ops.take(y, place, 0, -1))
    if x is None:
        return ops.sum(heights * dx, place)
    x = ops.cast(as_value(x, y.dtype, y.graph), y.dtype)
    if x.rank not in (1, y.rank) or (x.rank == 1 and place != y.rank - 1):
        raise ModelError(f"Trapezoid: x must be a vector along the last axis or have all axes of y, got {x.type}")
    along = 0 if x.rank == 1 else place
    return ops.sum(heights * (ops.take(x, along, 1) - ops.take(x, along, 0, -1)), place)


def _is_empty(x: Value, axis: Axes) -> bool:
    """Whether an axis is known to have length 0, so that there is nothing to choose from."""
    return 0 in [x.shape[place] for place in normalize_axes(x, _axes(axis))]


def _filled(x: Value, axis: Axes, keepdims: bool, number: float) -> Value:
    """Return a number for each place that a reduction leaves."""
    axes = normalize_axes(x, _axes(axis))
    shape = [1 if place in axes else dim for place, dim in enumerate(x.shape) if keepdims or place not in axes]
    return ops.broadcast_to(x.graph.constant(bool(number) if x.dtype == "bool" else number, x.dtype), shape)


def _axes(axis: Axes) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)
