"""Operations that move elements and change none: shapes, order of axes and elements, repetition, padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, SymbolicDim, Value, ops
from nnc.ir.ops.movement import normalize_axis
from nnc.operations.registry import operation

Axes = int | Sequence[int] | None


@operation("Transpose")
def transpose(x: Value, axes: Sequence[int] | None = None) -> Value:
    """Return x with its axes in another order, by default the opposite one."""
    return ops.transpose(x, None if axes is None else [normalize_axis(x, axis) for axis in axes])


@operation("Moveaxis")
def moveaxis(x: Value, source: int | Sequence[int], destination: int | Sequence[int]) -> Value:
    """Return x with some axes at other places, the rest in their order.

    Raises:
        ModelError: there are more places than axes, or fewer.
    """
    sources, places = (
        [normalize_axis(x, axis) for axis in ([given] if isinstance(given, int) else given)]
        for given in (source, destination)
    )
    if len(set(sources)) != len(places) or len(set(places)) != len(places):
        raise ModelError(f"Moveaxis: each axis of {source} must have one place of its own, got {destination}")
    axes = [axis for axis in range(x.rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        axes.insert(place, axis)
    return ops.transpose(x, axes)


@operation("Swapaxes")
def swapaxes(x: Value, axis1: int, axis2: int) -> Value:
    """Return x with two axes in each other's place."""
    first, second = normalize_axis(x, axis1), normalize_axis(x, axis2)
    axes = list(range(x.rank))
    axes[first], axes[second] = second, first
    return ops.transpose(x, axes)


@operation("Reshape")
def reshape(x: Value, newshape: int | Sequence[int | None]) -> Value:
    """Return x in another shape; None is the number of rows."""
    dims = [newshape] if isinstance(newshape, int) else newshape
    return ops.reshape(x, [x.shape[0] if dim is None else dim for dim in dims])


@operation("Ravel")
def ravel(x: Value) -> Value:
    """Return all elements in a row."""
    return ops.reshape(x, (-1,))


@operation("ExpandDims")
def expand_dims(x: Value, axis: int | Sequence[int]) -> Value:
    """Return x with new axes of length 1, at their places in the result.

    Raises:
        ModelError: the result has no such axis, or one is named twice.
    """
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = x.rank + len(axes)
    places = {item % rank for item in axes if -rank <= item < rank}
    if len(places) != len(axes):
        raise ModelError(f"ExpandDims: axis must be different axes from {-rank} to {rank - 1}, got {axis}")
    shape = list(x.shape)
    for place in sorted(places):
        shape.insert(place, 1)
    return ops.reshape(x, shape)


@operation("Squeeze")
def squeeze(x: Value, axis: Axes = None) -> Value:
    """Return x without axes of length 1, by default all of them.

    Raises:
        ModelError: an axis has another length.
    """
    if axis is None:
        gone = {place for place, dim in enumerate(x.shape) if dim == 1}
    else:
        gone = {normalize_axis(x, item) for item in ([axis] if isinstance(axis, int) else axis)}
        for place in gone:
            if x.shape[place] != 1:
                raise ModelError(f"Squeeze: axis {place} must have length 1, got {x.shape[place]}")
    return ops.reshape(x, [dim for place, dim in enumerate(x.shape) if place not in gone])


@operation("BroadcastTo")
def broadcast_to(x: Value, shape: Sequence[int | None]) -> Value:
    """Return x repeated to a larger shape; None is the length that x has there.

    Raises:
        ModelError: None stands where x has no axis.
    """
    before = len(shape) - x.rank
    if any(dim is None for dim in shape[: max(before, 0)]):
        raise ModelError(f"BroadcastTo: shape must say how long new axes are, got {list(shape)}")
    return ops.broadcast_to(x, [x.shape[axis - before] if dim is None else dim for axis, dim in enumerate(shape)])


# ---------------------------------------------------------------------- order of elements


@operation("Flip")
def flip(x: Value, axis: Axes = None) -> Value:
    """Return x in the opposite order along axes, by default all."""
    return ops.flip(x, range(x.rank) if axis is None else axis)


@operation("Fliplr")
def fliplr(x: Value) -> Value:
    """Return x in the opposite order along its second axis."""
    return ops.flip(x, 1)


@operation("Flipud")
def flipud(x: Value) -> Value:
    """Return x in the opposite order along its first axis."""
    return ops.flip(x, 0)


@operation("Roll")
def roll(x: Value, shift: int | Sequence[int], axis: Axes = None) -> Value:
    """Return x with the last elements of an axis in front of the first; of all elements in a row without an axis.

    Raises:
        ModelError: there are more axes than shifts, or fewer.
    """
    shifts = [shift] if isinstance(shift, int) else list(shift)
    if axis is None:
        if len(shifts) != 1:
            raise ModelError(f"Roll: shift must be one number where no axis is given, got {shift}")
        return ops.reshape(_rolled(ravel(x), shifts[0], 0), x.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if len(axes) != len(shifts):
        raise ModelError(f"Roll: shift and axis must be equally many, got {shift} and {axis}")
    for number, place in zip(shifts, axes, strict=True):
        x = _rolled(x, number, normalize_axis(x, place))
    return x


def _rolled(x: Value, shift: int, axis: int) -> Value:
    length = x.shape[axis]
    if isinstance(length, int):
        shift = shift % max(length, 1)
    if shift == 0:
        return x
    start: Dim = length - shift if shift > 0 else -shift
    return ops.concatenate([ops.take(x, axis, start), ops.take(x, axis, 0, start)], axis)


@operation("Rot90")
def rot90(array: Value, k: int = 1, axes: Sequence[int] = (0, 1)) -> Value:
    """Return an array that is turned k times by a quarter from the first of two axes to the second.

    With k = 2, TensorFlow takes rows that a quarter has made for those of the array as it was, so that other than
    squares are not turned; neither are they here.

    Raises:
        ModelError: the axes are not two.
    """
    places = [normalize_axis(array, axis) for axis in axes]
    if len(set(places)) != 2 or len(places) != 2:
        raise ModelError(f"Rot90: axes must be two different axes, got {list(axes)}")
    times = k % 4
    if times == 0:
        return array
    order = [axis for axis in range(array.rank) if axis not in places] + places
    x = ops.transpose(array, order)
    shape = x.shape
    for turn in range(times):
        if turn == 1 and times == 2:
            x = ops.reshape(x, shape)
        x = swapaxes(ops.flip(x, -1), -1, -2)
    if times == 2:
        x = ops.reshape(x, shape)
    return ops.transpose(x, [order.index(axis) for axis in range(x.rank)])


# ---------------------------------------------------------------------- repetition


@operation("Tile")
def tile(x: Value, repeats: int | Sequence[Dim]) -> Value:
    """Return x one behind the other, so many times along each of its last axes; new axes of length 1 come in front.

    Raises:
        ModelError: a number of times is below 0.
    """
    times: list[Dim] = [repeats] if isinstance(repeats, int) else list(repeats)
    if not all(isinstance(item, SymbolicDim) or (isinstance(item, int) and item >= 0) for item in times):
        raise ModelError(f"Tile: repeats must be whole numbers from 0, got {repeats}")
    times = [*[1] * (x.rank - len(times)), *times]
    x = ops.reshape(x, [1] * (len(times) - x.rank) + list(x.shape))
    for axis, count in enumerate(times):
        x = _repeated(x, axis, axis, count)
    return x


@operation("Repeat")
def repeat(x: Value, repeats: Dim | Sequence[int], axis: int | None = None) -> Value:
    """Return each element so many times side by side along an axis, or of all in a row.

    Raises:
        ModelError: there are not as many repeats as elements, or their number is not known.
    """
    if isinstance(repeats, SymbolicDim):
        x = ravel(x) if axis is None else x
        place = normalize_axis(x, axis or 0)
        return _repeated(x, place, place + 1, repeats)
    times = [repeats] if isinstance(repeats, int) else [int(item) for item in repeats]
    if min(times, default=-1) < 0:
        raise ModelError(f"Repeat: repeats must be whole numbers from 0, got {repeats}")
    x = ravel(x) if axis is None else x
    place = normalize_axis(x, axis or 0)
    if len(times) == 1:
        return _repeated(x, place, place + 1, times[0])
    length = x.shape[place]
    if length != len(times):
        raise ModelError(f"Repeat: repeats must be one number, or one for each of {length} elements, got {times}")
    places = x.graph.constant(numpy.repeat(numpy.arange(len(times)), times), "int32")
    return moveaxis(ops.gather(moveaxis(x, place, 0), places), 0, place)


def _repeated(x: Value, axis: int, place: int, times: Dim) -> Value:
    """Return x with a new axis of so many repetitions at a place beside an axis, which the axis then takes in."""
    if times == 1:
        return x
    shape = list(x.shape)
    once, often = ([*shape[:place], number, *shape[place:]] for number in (1, times))
    whole = ops.broadcast_to(ops.reshape(x, once), often)
    return ops.reshape(whole, [*shape[:axis], shape[axis] * times, *shape[axis + 1 :]])


# ---------------------------------------------------------------------- padding


@operation("Pad")
def pad(x: Value, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Value:
    """Return x with more in front of and behind each axis: a number, or what is inside, mirrored.

    Args:
        x: the operand.
        pad_width: pairs of whole numbers, one per axis, or one for all; a number is a pair of it.
        mode: ``constant``; ``reflect``, which does not repeat the ends; or ``symmetric``, which does.
        constant_values: the number, 0 by default, or a tensor of one, which no gradient goes to.

    Raises:
        ModelError: the mode is unknown, or a width is below 0, or there are not as many as axes.
    """
    widths = _widths(pad_width, x.rank)
    if mode == "constant":
        if constant_values is None or (not isinstance(constant_values, Value) and constant_values == 0):
            return ops.pad(x, widths)
        outside = ops.pad(ops.broadcast_to(x.graph.constant(1, "int32"), x.shape), widths)
        number = constant_values
        if isinstance(number, Value):
            number = ops.stop_gradient(ops.cast(number, x.dtype))
        return ops.where(ops.equal(outside, 1), ops.pad(x, widths), number)
    if mode not in ("reflect", "symmetric"):
        raise ModelError(f"Pad: mode must be constant, reflect or symmetric, got {mode!r}")
    if constant_values is not None:
        raise ModelError(f"Pad: constant_values must be None with mode {mode!r}, got {constant_values}")
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


def _widths(given: Any, rank: int) -> list[tuple[int, int]]:
    """Return how many come in front of and behind each axis."""
    pairs = [given] if isinstance(given, int) or isinstance(given[0], int) else list(given)
    widths = [(pair, pair) if isinstance(pair, int) else (int(pair[0]), int(pair[-1])) for pair in pairs]
    if any(number < 0 for pair in widths for number in pair):
        raise ModelError(f"Pad: pad_width must be whole numbers from 0, got {given}")
    widths = widths * rank if len(widths) == 1 else widths
    if len(widths) != rank:
        raise ModelError(f"Pad: pad_width must be one pair, or one for each of {rank} axes, got {given}")
    return widths
