"""Functions of `keras.ops` that round, choose, multiply up, repeat and pad, in graph arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, prod
from typing import Any

import numpy

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ops.movement import normalize_axis
from nnc.ops.reduction import normalize_axes

Axes = int | Sequence[int] | None
_SUMMED = {"bool": "int32", "uint8": "uint32"}
"""Element types in which Keras adds and multiplies up those that are too small for it."""


def _opposite(x: Value) -> Value:
    """Return numbers in the opposite order: -x for floats, and for whole numbers ``-1 - x``, which never overflows."""
    if x.dtype == "bool":
        return ops.equal(x, x.graph.constant(False, "bool"))
    return -x if x.type.is_floating else x.graph.constant(-1 if x.dtype.startswith("int") else _last(x), x.dtype) - x


def _last(x: Value) -> int:
    return int(numpy.iinfo(x.dtype).max)


def ceil(x: Value) -> Value:
    """Return the smallest whole numbers that are not below x."""
    return -ops.floor(-x)


def round_to_even(x: Value, decimals: int = 0) -> Value:
    """Return x rounded to so many decimals, halves to the even neighbour.

    Raises:
        ModelError: whole numbers are to be rounded to tens or hundreds.
    """
    if not x.type.is_floating:
        if decimals < 0:
            raise ModelError(f"Round: decimals below 0 are for floating-point numbers only, got {decimals}")
        return x
    if decimals:
        factor = float(10.0**decimals)
        return round_to_even(x * factor) / factor
    below = ops.floor(x)
    rest = x - below
    even = 2.0 * ops.floor((below + 1.0) * 0.5)
    return ops.where(rest < 0.5, below, ops.where(rest > 0.5, below + 1.0, even))


def logarithm(base: float) -> Callable[[Value], Value]:
    """Return the logarithm to a base: that of the quotient, as Keras computes it."""
    return lambda x: ops.log(x) / log(base)


def tan(x: Value) -> Value:
    """Return sin x / cos x."""
    return ops.sin(x) / ops.cos(x)


def minimum_over(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return the smallest elements over axes."""
    return _opposite(ops.max(_opposite(x), axis, keepdims))


def sum_over(x: Value, axis: Axes = None, keepdims: bool = False) -> Value:
    """Return sums over axes; of truth values, and of bytes, in 32 bits."""
    return ops.sum(ops.cast(x, _SUMMED.get(x.dtype, x.dtype)), axis, keepdims)


def argmax(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first largest element along an axis, or among all, as int32."""
    found = ops.argmax(ops.reshape(x, (-1,)) if axis is None else x, 0 if axis is None else axis)
    if keepdims:
        shape = [1] * x.rank if axis is None else list(x.shape)
        shape[0 if axis is None else axis] = 1
        found = ops.reshape(found, shape)
    return ops.cast(found, "int32")


def argmin(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    """Return the index of the first smallest element along an axis, or among all, as int32."""
    return argmax(_opposite(x), axis, keepdims)


def product_over(x: Value, axis: Axes = None, keepdims: bool = False, dtype: str | None = None) -> Value:
    """Return products over axes, pair by pair.

    Raises:
        ModelError: a length is not known before the run.
    """
    axes = normalize_axes(x, axis)
    x = ops.cast(x, dtype or _SUMMED.get(x.dtype, x.dtype))
    kept = [1 if place in axes else dim for place, dim in enumerate(x.shape)]
    lengths = [x.shape[place] for place in axes]
    if not all(isinstance(length, int) for length in lengths):
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


def tile(x: Value, repeats: int | Sequence[int]) -> Value:
    """Return x one behind the other, so many times along each of its last axes; new axes of length 1 come in front."""
    times = [repeats] if isinstance(repeats, int) else [int(item) for item in repeats]
    times = [1] * (x.rank - len(times)) + times
    x = ops.reshape(x, [1] * (len(times) - x.rank) + list(x.shape))
    for axis, count in enumerate(times):
        x = _repeated(x, axis, axis, count)
    return x


def repeat(x: Value, repeats: int | Sequence[int], axis: int | None = None) -> Value:
    """Return each element so many times side by side along an axis, or of all in a row.

    Raises:
        ModelError: elements are to be repeated differently.
    """
    times = [repeats] if isinstance(repeats, int) else list(repeats)
    if len(set(times)) != 1:
        raise ModelError(f"Repeat: all elements must be repeated alike, got {times}")
    x = ops.reshape(x, (-1,)) if axis is None else x
    place = normalize_axis(x, axis or 0)
    return _repeated(x, place, place + 1, int(times[0]))


def _repeated(x: Value, axis: int, place: int, times: int) -> Value:
    """Return x with a new axis of so many repetitions at a place beside an axis, which the axis then takes in."""
    if times == 1:
        return x
    shape = list(x.shape)
    once, often = ([*shape[:place], number, *shape[place:]] for number in (1, times))
    whole = ops.broadcast_to(ops.reshape(x, once), often)
    return ops.reshape(whole, [*shape[:axis], shape[axis] * times, *shape[axis + 1 :]])


def pad(x: Value, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Value:
    """Return x with more in front of and behind each axis: a number, or what is inside, mirrored.

    Args:
        x: the operand.
        pad_width: pairs of whole numbers, one per axis, or one for all.
        mode: ``constant``; ``reflect``, which does not repeat the ends; or ``symmetric``, which does.
        constant_values: the number; 0 by default.

    Raises:
        ModelError: the mode is unknown.
    """
    widths = [(int(before), int(after)) for before, after in pad_width]
    widths = widths * x.rank if len(widths) == 1 else widths
    if mode == "constant":
        if not constant_values:
            return ops.pad(x, widths)
        outside = ops.pad(ops.broadcast_to(x.graph.constant(1, x.dtype), x.shape), widths)
        return ops.where(ops.equal(outside, 1), ops.pad(x, widths), constant_values)
    if mode not in ("reflect", "symmetric"):
        raise ModelError(f"Pad: mode must be constant, reflect or symmetric, got {mode!r}")
    skipped = int(mode == "reflect")
    for axis, (before, after) in enumerate(widths):
        length = x.shape[axis]
        parts = [x]
        if before:
            parts.insert(0, ops.flip(ops.take(x, axis, skipped, skipped + before), axis))
        if after:
            parts.append(ops.flip(ops.take(x, axis, length - skipped - after, length - skipped), axis))
        x = ops.concatenate(parts, axis) if len(parts) > 1 else x
    return x


def triangle(is_lower: bool) -> Callable[..., Value]:
    """Return a function that keeps what is on and below a diagonal of matrices, or on and above it."""

    def keep(x: Value, k: int = 0) -> Value:
        rows, columns = (int(length) for length in x.shape[-2:])
        mask = numpy.tri(rows, columns, k, bool) if is_lower else ~numpy.tri(rows, columns, k - 1, bool)
        return ops.where(x.graph.constant(mask, "bool"), x, x.graph.constant(0, x.dtype))

    return keep
