"""Common parts of kernels with sliding windows: sizes of bands, views of windows, and statements over bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy

from nnc.backends.numpy.kernels.registry import Arrays, KernelCall
from nnc.ir import TensorType
from nnc.ir.ops.convolution import Sliding, extent

Array = Any
BAND_ELEMENTS = 512 * 1024
"""Elements that are gathered before they are multiplied: 2 MiB of float32, about two cores' second-level caches."""
MINIMUM_ROWS = 512
"""Rows that a product over a band has at least, where it is added up or would not keep BLAS busy."""


# ---------------------------------------------------------------------- sizes


def numbers(type: TensorType) -> tuple[int, ...]:
    """Return a shape without symbols."""
    return tuple(int(dim) for dim in type.shape)


def is_padded(op: Sliding) -> bool:
    """Whether there are, or may be, zeros around the input."""
    return any(dim != 0 for dim in (*op.before, *op.after))


def is_pointwise(op: Sliding, kernel: TensorType) -> bool:
    """Whether each place sees one element and each element is seen from one place: a product without gathering."""
    return prod(numbers(kernel)[:-2]) == 1 and max(op.strides) == 1 and not is_padded(op)


def is_depthwise(op: Sliding, kernel: TensorType) -> bool:
    """Whether each filter sees one channel of several."""
    return op.groups > 1 and kernel.shape[-2] == 1


def padded_type(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> TensorType:
    """Return the type of the padded input, as far as windows reach."""
    axes = zip(numbers(y)[1:-1], numbers(kernel)[:-2], op.strides, op.dilation, strict=True)
    lengths = [(length - 1) * stride + extent(size, dilation) for length, size, stride, dilation in axes]
    return x.with_shape((x.shape[0], *lengths, x.shape[-1]))


def spread_type(op: Sliding, x: TensorType, kernel: TensorType, y: TensorType) -> TensorType:
    """Return the type of a result with zeros around it, so that a window meets each element of the input once."""
    axes = zip(numbers(x)[1:-1], numbers(kernel)[:-2], op.dilation, strict=True)
    return y.with_shape((y.shape[0], *(length + extent(size, step) - 1 for length, size, step in axes), y.shape[-1]))


def band_lengths(lengths: Sequence[int], row: int, minimum: int = 1) -> tuple[int, ...]:
    """Return the largest lengths of a band: whole last axes, a part of one axis, and single indices of the first ones.

    Args:
        lengths: batch and lengths of the spatial axes.
        row: elements of the workspace per place.
        minimum: places that a band has at least, if there are as many.
    """
    found = [1] * len(lengths)
    room = max(BAND_ELEMENTS // row, minimum, 1)
    for axis in reversed(range(len(lengths))):
        found[axis] = max(1, min(room, lengths[axis]))
        room //= found[axis]
        if found[axis] < lengths[axis] or room < 1:
            break
    return tuple(found)


def band_elements(lengths: Sequence[int], row: int, minimum: int = 1) -> int:
    """Return the elements of the workspace for one band."""
    return prod(band_lengths(lengths, row, minimum)) * row


def cut(lengths: Sequence[int], row: int, minimum: int = 1) -> Iterator[tuple[slice, ...]]:
    """Yield the indices of batch and spatial axes of each band; a dense array's part there is dense.

    Nothing is one band of nothing, the sum over which is to be written as well.
    """
    steps = band_lengths(lengths, row, minimum)
    ranges = [
        [slice(start, min(start + step, length)) for start in range(0, max(length, 1), step)]
        for length, step in zip(lengths, steps, strict=True)
    ]
    return product(*ranges)


# ---------------------------------------------------------------------- views


def bound_op(call: KernelCall, arrays: Arrays) -> Sliding:
    """Return the op with numbers instead of symbols."""
    op = call.op.bind(arrays.bindings)
    assert isinstance(op, Sliding)
    return op


def split(array: Array, groups: int) -> Array:
    """Return the view (groups, …, channels of a group) of (…, channels), or the array itself for one group."""
    if groups == 1:
        return array
    *steps, step = array.strides
    length = array.shape[-1] // groups
    return numpy.lib.stride_tricks.as_strided(array, (groups, *array.shape[:-1], length), (step * length, *steps, step))


def matrix_of(array: Array, groups: int) -> Array:
    """Return the view (rows, channels) of a dense (…, channels), or (groups, rows, channels of a group)."""
    return split(array.reshape(-1, array.shape[-1]), groups)


def turned(array: Array) -> Array:
    """Return matrices transposed."""
    return numpy.swapaxes(array, -1, -2)


def windows_of(whole: Array, window: Sequence[int], lengths: Sequence[int], op: Sliding, strided: bool = True) -> Array:
    """Return the view (batch, places…, window…, channels) of a padded input; elements repeat in it."""
    batch, *steps, channel = whole.strides
    moves = [step * stride for step, stride in zip(steps, op.strides, strict=True)] if strided else steps
    spread = [step * dilation for step, dilation in zip(steps, op.dilation, strict=True)]
    shape = (len(whole), *lengths, *window, whole.shape[-1])
    return numpy.lib.stride_tricks.as_strided(whole, shape, (batch, *moves, *spread, channel))


@dataclass(frozen=True)
class Frame:
    """An array's place in a larger one, of which it may reach out.

    Args:
        array: (batch, …, channels).
        whole: the larger one, with other spatial lengths.
        befores: elements of the larger one in front of the array per spatial axis; negative where it reaches out.
    """

    array: Array
    whole: Array
    befores: tuple[int, ...]

    def parts(self) -> tuple[Array, Array]:
        """Return what both have in common: as a part of the array, and of the larger one."""
        kept, place = [slice(None)], [slice(None)]
        axes = zip(self.befores, self.array.shape[1:-1], self.whole.shape[1:-1], strict=True)
        for before, length, room in axes:
            start = max(0, -before)
            stop = max(start, min(length, room - before))
            kept.append(slice(start, stop))
            place.append(slice(start + before, stop + before))
        return self.array[tuple(kept)], self.whole[tuple(place)]

    def borders(self) -> list[Array]:
        """Return the parts of the larger one around the array."""
        _, middle = self.parts()
        found: list[Array] = []
        taken: tuple[slice, ...] = (slice(None),)
        for axis, before in enumerate(self.befores, 1):
            start = max(0, before)
            end = start + middle.shape[axis]
            found += [self.whole[(*taken, side)] for side in (slice(0, start), slice(end, None))]
            taken = (*taken, slice(start, end))
        return [border for border in found if border.size]


# ---------------------------------------------------------------------- statements


def loop(
    call: KernelCall,
    variables: Sequence[str],
    name: str,
    items: Callable[[Arrays], Sequence[Any]],
    body: Callable[..., Sequence[str]],
) -> list[str]:
    """Return a loop over derived arrays, or over tuples of them.

    Args:
        call: the step.
        variables: what an item's parts are called.
        name: what the list is called.
        items: makes the list from the bound arrays.
        body: takes the variables' final names and returns the statements in the loop.
    """
    listed = call.derive(name, items)
    names = [call.names.unique(variable) for variable in variables]
    return [f"for {', '.join(names)} in {listed}:", *(f"    {statement}" for statement in body(*names))]


def framed(call: KernelCall, array: str, whole: str, befores: Callable[[Arrays], tuple[int, ...]]) -> list[str]:
    """Return the statements that copy an array into a larger one and zeros around it."""

    def frame(arrays: Arrays) -> Frame:
        return Frame(arrays[array], arrays[whole], befores(arrays))

    part = call.derive(f"{array}_part", lambda arrays: frame(arrays).parts()[0])
    place = call.derive(f"{array}_place", lambda arrays: frame(arrays).parts()[1])
    around = loop(
        call,
        (f"{array}_border",),
        f"{array}_borders",
        lambda arrays: frame(arrays).borders(),
        lambda border: [f"{border}.fill(0)"],
    )
    return [*around, f"{place}[...] = {part}"]


def padded(call: KernelCall, x: str, whole: str) -> list[str]:
    """Return the statements that copy an input into its padded form."""
    return framed(call, x, whole, lambda arrays: tuple(int(before) for before in bound_op(call, arrays).before))


def spread(call: KernelCall, y: str, kernel: str, whole: str) -> list[str]:
    """Return the statements that copy a result's gradient into zeros, for windows that meet each input once."""

    def befores(arrays: Arrays) -> tuple[int, ...]:
        op = bound_op(call, arrays)
        axes = zip(arrays[kernel].shape[:-2], op.dilation, op.before, strict=True)
        return tuple(extent(size, dilation) - 1 - int(before) for size, dilation, before in axes)

    return framed(call, y, whole, befores)


def unpadded(call: KernelCall, x: str, whole: str) -> list[str]:
    """Return the statements that copy an input's elements out of its padded form."""

    def parts(arrays: Arrays) -> tuple[Array, Array]:
        return Frame(arrays[x], arrays[whole], tuple(map(int, bound_op(call, arrays).before))).parts()

    part = call.derive(f"{x}_part", lambda arrays: parts(arrays)[0])
    place = call.derive(f"{x}_place", lambda arrays: parts(arrays)[1])
    return [f"{x}.fill(0)", f"{part}[...] = {place}"]
