"""Operations whose windows slide over sequences, images and volumes: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, SymbolicDim, Value
from nnc.ir.ops import (
    average_pool,
    cast,
    concatenate,
    convolution,
    max_pool,
    reshape,
    take,
    transpose,
    transposed_convolution,
)
from nnc.ir.ops.convolution import Padding, extent, same_padding
from nnc.operations.data_formats import (
    channels_behind,
    channels_placed,
    check_data_format,
    check_rank,
    known_sizes,
    per_axis,
    spatial_axes,
)
from nnc.operations.interpolation import multiply_axis
from nnc.operations.registry import operation

Sizes = int | Sequence[int]


def zeros_around(
    lengths: Sequence[Dim], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: str
) -> Padding:
    """Return the zeros before and after each spatial axis: with ``valid``, ``same``, or ``causal``, all in front."""
    if padding == "valid":
        return [(0, 0)] * len(window)
    if padding == "causal":
        return [(extent(size, step) - 1, 0) for size, step in zip(window, dilation, strict=True)]
    return [same_padding(*axis) for axis in zip(lengths, window, strides, dilation, strict=True)]


def convolved_by_channel(
    x: Value, kernel: Value, strides: Sequence[int], dilation: Sequence[int], padding: str
) -> Value:
    """Return x, channels last, with each channel convolved by its filters: (window…, channels, filters of each)."""
    *window, channels, multiplier = (int(dim) for dim in kernel.shape)
    flat = reshape(kernel, (*window, 1, channels * multiplier))
    return convolution(
        x, flat, strides, dilation, zeros_around(x.shape[1:-1], window, strides, dilation, padding), channels
    )


def transposed_length(length: Dim, reach: int, stride: int, padding: str, more: int | None) -> Dim:
    """Return how long an axis is that a transposed convolution makes, as Keras's TensorFlow backend has it.

    Args:
        length: of the operand's axis.
        reach: from the window's first element to behind its last.
        stride: between two places of the window.
        padding: ``valid`` or ``same``.
        more: elements added to the end; None for the smallest length.
    """
    if padding == "valid":
        return (length - 1) * stride + (max(reach, stride) if more is None else reach + more)
    return length * stride if more is None else (length - 1) * stride + reach % 2 + more


def largest_in_windows(x: Value, window: tuple[int, ...], strides: tuple[int, ...], padding: str = "valid") -> Value:
    """Return the largest element of each window; whole numbers as such, exactly up to 2⁵³."""
    if x.type.is_floating:
        return max_pool(x, window, strides, padding)
    return cast(max_pool(cast(x, "float64"), window, strides, padding), x.dtype)


def bins(length: int, count: int) -> list[tuple[int, int]]:
    """Return the first and the last element, the latter excluded, of each window.

    >>> bins(7, 3)
    [(0, 3), (2, 5), (4, 7)]
    """
    return [(number * length // count, -(-(number + 1) * length // count)) for number in range(count)]


def along(rank: int, axis: int, number: int) -> tuple[int, ...]:
    """Return ones with a number instead of one axis."""
    return tuple(number if other == axis else 1 for other in range(rank))


def _adaptive(
    what: str, divide: Callable[[Value, tuple[int, ...]], Value], pool: Callable[[Value, int, int], Value]
) -> Callable[..., Value]:
    """Return the function that makes a number of elements along each spatial axis.

    Args:
        what: its name in Keras.
        divide: makes one element of each window; these stand side by side.
        pool: makes so many elements of windows of different lengths along an axis.
    """

    def pooled(x: Value, output_size: Sizes, data_format: str | None = None) -> Value:
        spatial = x.rank - 2
        counts = _numbers(what, "output_size", output_size, spatial)
        for axis, count in zip(spatial_axes(data_format, spatial), counts, strict=True):
            length = x.shape[axis]
            if isinstance(length, SymbolicDim):
                raise ModelError(f"axis {axis} of {x.type} must have a known length, not '{length}'")
            if length == count:
                continue
            x = divide(x, along(x.rank, axis, length // count)) if length % count == 0 else pool(x, axis, count)
        return x

    pooled.__doc__ = f"Return x with `output_size` elements along the spatial axes; Keras's ``{what}``."
    return pooled


def _averages(x: Value, axis: int, count: int) -> Value:
    length = int(x.shape[axis])
    matrix = numpy.zeros((count, length))
    for number, (start, stop) in enumerate(bins(length, count)):
        matrix[number, start:stop] = 1.0 / (stop - start)
    return multiply_axis(x, axis, matrix)


def _maxima(x: Value, axis: int, count: int) -> Value:
    parts = [take(x, axis, start, stop) for start, stop in bins(int(x.shape[axis]), count)]
    whole = [along(x.rank, axis, int(part.shape[axis])) for part in parts]
    return concatenate([largest_in_windows(part, size, size) for part, size in zip(parts, whole, strict=True)], axis)


adaptive_average_pool = operation("AdaptiveAveragePool", module="nn")(
    _adaptive("AdaptiveAveragePool", lambda x, window: average_pool(x, window, window), _averages)
)
adaptive_max_pool = operation("AdaptiveMaxPool", module="nn")(
    _adaptive("AdaptiveMaxPool", lambda x, window: largest_in_windows(x, window, window), _maxima)
)


def _numbers(what: str, key: str, value: Any, count: int) -> tuple[int, ...]:
    """Return one whole number per spatial axis, of one for all or one per axis.

    Raises:
        ModelError: they are none, or not so many.
    """
    if not 1 <= count <= 3:
        raise ModelError(f"{what}: the operand must have 1 to 3 axes between batch and channels, got {count}")
    given = tuple(value) if isinstance(value, list | tuple) else (value,)
    given = given * count if len(given) == 1 else given
    if len(given) != count or not all(isinstance(item, int) and item > 0 for item in given):
        raise ModelError(f"{what}: {key} must be a positive integer or {count} of them, got {value!r}")
    return given


def _window_name(what: str, padding: str) -> str:
    if padding not in ("valid", "same"):
        raise ModelError(f"{what}: padding must be valid or same, got {padding!r}")
    return padding


def _pooling(what: str, pool: Callable[..., Value]) -> Callable[..., Value]:
    """Return the function that makes one element of each window."""

    def pooled(
        x: Value, pool_size: Sizes, strides: Sizes | None = None, padding: str = "valid", data_format: Any = None
    ) -> Value:
        spatial, data_format = x.rank - 2, check_data_format(what, data_format)
        window = _numbers(what, "pool_size", pool_size, spatial)
        steps = window if strides is None else _numbers(what, "strides", strides, spatial)
        arguments = per_axis(data_format, window), per_axis(data_format, steps), _window_name(what, padding)
        return pool(x, *arguments)

    pooled.__doc__ = f"Return one element per window; Keras's ``{what}``."
    return pooled


max_pool_of = operation("MaxPool", module="nn")(_pooling("MaxPool", largest_in_windows))
average_pool_of = operation("AveragePool", module="nn")(_pooling("AveragePool", average_pool))


def _convolving(what: str, function: Callable[..., Value]) -> Callable[..., Value]:
    """Return a convolution in either data format of one that has the channels last and takes numbers per axis."""

    def convolve(
        x: Value,
        *kernels: Value,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        **others: Any,
    ) -> Value:
        data_format = check_data_format(what, data_format)
        check_rank(x, kernels[0].rank - 2, data_format)
        spatial = x.rank - 2
        steps = _numbers(what, "strides", strides, spatial)
        dilation = _numbers(what, "dilation_rate", dilation_rate, spatial)
        found = function(channels_behind(x, data_format), *kernels, steps, dilation, padding, **others)
        return channels_placed(found, data_format)

    convolve.__doc__ = f"Return the convolution of x with kernels; Keras's ``{what}``."
    return convolve


def _convolved(x: Value, kernel: Value, strides: Sequence[int], dilation: Sequence[int], padding: str) -> Value:
    if padding != "causal" or x.rank != 3:
        _window_name("Conv", padding)
    if x.shape[-1] != kernel.shape[-2]:
        raise ModelError(f"Conv: the kernel must have the operand's channels, got {kernel.type} for {x.type}")
    around = zeros_around(x.shape[1:-1], [int(dim) for dim in kernel.shape[:-2]], strides, dilation, padding)
    return convolution(x, kernel, strides, dilation, around)


def _depthwise(x: Value, kernel: Value, strides: Sequence[int], dilation: Sequence[int], padding: str) -> Value:
    _check_channels("DepthwiseConv", x, kernel)
    return convolved_by_channel(x, kernel, strides, dilation, _window_name("DepthwiseConv", padding))


def _separable(
    x: Value, depthwise: Value, pointwise: Value, strides: Sequence[int], dilation: Sequence[int], padding: str
) -> Value:
    _check_channels("SeparableConv", x, depthwise)
    middle = convolved_by_channel(x, depthwise, strides, dilation, _window_name("SeparableConv", padding))
    once = (1,) * len(strides)
    return convolution(middle, pointwise, once, once, [(0, 0)] * len(strides))


def _check_channels(what: str, x: Value, kernel: Value) -> None:
    if x.rank > 4 or x.shape[-1] != kernel.shape[-2]:
        raise ModelError(
            f"{what}: the kernel must have the channels of a sequence or image, got {kernel.type} for {x.type}"
        )


def _transposed(
    x: Value,
    kernel: Value,
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
    output_padding: Sizes | None = None,
) -> Value:
    what = "ConvTranspose"
    _window_name(what, padding)
    window = [int(dim) for dim in kernel.shape[:-2]]
    count = len(window)
    more: Sequence[int | None] = [None] * count
    if output_padding is not None:
        more = [output_padding] * count if isinstance(output_padding, int) else list(output_padding)
        if len(more) != count or not all(
            isinstance(item, int) and 0 <= item < stride for item, stride in zip(more, strides, strict=False)
        ):
            raise ModelError(f"{what}: output_padding must be smaller than strides, got {output_padding!r}")
    reaches = [extent(size, step) for size, step in zip(window, dilation, strict=True)]
    axes = zip(x.shape[1:-1], reaches, strides, more, strict=True)
    lengths = [transposed_length(length, reach, stride, padding, item) for length, reach, stride, item in axes]
    around = zeros_around(lengths, window, strides, dilation, padding)
    return transposed_convolution(x, kernel, lengths, strides, dilation, around)


conv = operation("Conv", module="nn")(_convolving("Conv", _convolved))
depthwise_conv = operation("DepthwiseConv", module="nn")(_convolving("DepthwiseConv", _depthwise))
separable_conv = operation("SeparableConv", module="nn")(_convolving("SeparableConv", _separable))
conv_transpose = operation("ConvTranspose", module="nn")(_convolving("ConvTranspose", _transposed))


@operation("DepthToSpace", module="nn")
def depth_to_space(x: Value, block_size: int, data_format: str | None = "channels_last") -> Value:
    """Return images with a block of pixels for each pixel, made of its channels.

    Raises:
        ModelError: the block has not as many pixels as divide the channels.
    """
    data_format = check_data_format("DepthToSpace", data_format)
    check_rank(x, 2, data_format)
    batch, height, width, channels = (last := channels_behind(x, data_format)).shape
    size = block_size
    if not isinstance(channels, int) or size < 1 or channels % size**2:
        raise ModelError(f"DepthToSpace: the square of block_size must divide the channels, got {size} for {x.type}")
    parts = reshape(last, (batch, height, width, size, size, channels // size**2))
    found = reshape(transpose(parts, (0, 1, 3, 2, 4, 5)), (batch, height * size, width * size, channels // size**2))
    return channels_placed(found, data_format)


@operation("SpaceToDepth", module="nn")
def space_to_depth(x: Value, block_size: int, data_format: str | None = "channels_last") -> Value:
    """Return images with a pixel for each block of pixels, which become its channels.

    Raises:
        ModelError: the block does not divide images of a known size.
    """
    data_format = check_data_format("SpaceToDepth", data_format)
    height, width = known_sizes(x, data_format)
    size = block_size
    if size < 1 or height % size or width % size:
        raise ModelError(f"SpaceToDepth: block_size must divide height and width, got {size} for {x.type}")
    last = channels_behind(x, data_format)
    batch, channels = last.shape[0], last.shape[3]
    parts = reshape(last, (batch, height // size, size, width // size, size, channels))
    found = reshape(transpose(parts, (0, 1, 3, 2, 4, 5)), (batch, height // size, width // size, size**2 * channels))
    return channels_placed(found, data_format)
