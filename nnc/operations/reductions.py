"""Operations that make one element of many along axes: sums, means, extremes, truth."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.operations.elementwise import logical_not, opposite
from nnc.operations.registry import operation
from nnc.ops.reduction import normalize_axes

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


@operation("Max")
def max(x: Value, axis: Axes = None, keepdims: bool = False, initial: None = None) -> Value:
    """Return the largest elements over axes.

    Raises:
        ModelError: there is a first value.
    """
    _refuse_initial(initial)
    return ops.max(x, _axes(axis), keepdims)


@operation("Min")
def min(x: Value, axis: Axes = None, keepdims: bool = False, initial: None = None) -> Value:
    """Return the smallest elements over axes.

    Raises:
        ModelError: there is a first value.
    """
    _refuse_initial(initial)
    return opposite(ops.max(opposite(x), _axes(axis), keepdims))


@operation("Any")
def any(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return whether some element over axes is not 0."""
    return ops.cast(ops.max(ops.cast(ops.cast(x, "bool"), "float32"), _axes(axis), keepdims), "bool")


@operation("All")
def all(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return whether no element over axes is 0."""
    return logical_not(any(logical_not(x), axis, keepdims))


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


@operation("Prod")
def prod_over(x: Value, axis: Axes = None, keepdims: bool = False, dtype: str | None = None) -> Value:
    """Return products over axes, pair by pair.

    Raises:
        ModelError: a length is not known before the run.
    """
    axes = normalize_axes(x, axis)
    x = ops.cast(x, dtype or _SUMMED.get(x.dtype, x.dtype))
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


def _axes(axis: Axes) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def _refuse_initial(initial: None) -> None:
    if initial is not None:
        raise ModelError("reductions with initial= are not supported")
