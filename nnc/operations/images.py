"""Operations on images: one, or a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from math import prod
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, Value, ops
from nnc.ir.ops.convolution import output_length
from nnc.operations.colors import LUMINANCE, hsv_to_rgb, rgb_to_hsv
from nnc.operations.data_formats import CHANNELS_FIRST, check_data_format, known_sizes, spatial_axes
from nnc.operations.interpolation import METHODS, multiply_axis
from nnc.operations.linalg import solve
from nnc.operations.registry import operation
from nnc.operations.resizing import resized
from nnc.operations.warping import FILL_MODES, WAYS, warp
from nnc.operations.windows import convolved_by_channel, zeros_around

ImageFunction = Callable[..., Value]


def _images(name: str) -> Callable[[ImageFunction], ImageFunction]:
    """Register a function of batches of images, which gets the data format too; single images are a batch of one."""

    def register(function: ImageFunction) -> ImageFunction:
        @wraps(function)
        def apply(x: Value, *others: Any, data_format: str | None = None, **settings: Any) -> Value:
            if x.rank not in (3, 4):
                raise ModelError(f"{name}: images must have 3 axes, or 4 with the batch, got {x.type}")
            batch = x if x.rank == 4 else ops.reshape(x, (1, *x.shape))
            found = function(batch, *others, data_format=check_data_format(name, data_format), **settings)
            return found if x.rank == 4 else ops.reshape(found, found.shape[1:])

        return operation(name, module="image")(apply)

    return register


def _one_of(what: str, key: str, value: Any, known: Sequence[Any]) -> Any:
    if value not in known:
        raise ModelError(f"{what}: {key} must be one of {', '.join(map(str, known))}, got {value!r}")
    return value


def _channels_axis(what: str, x: Value, data_format: str, known: Sequence[int] = (3,)) -> int:
    axis = 1 if data_format == CHANNELS_FIRST else 3
    if x.shape[axis] not in known:
        raise ModelError(f"{what}: images must have {' or '.join(map(str, known))} channels, got {x.type}")
    return axis


@_images("RGBToGrayscale")
def rgb_to_grayscale(x: Value, *, data_format: str) -> Value:
    """Return images with one channel, the luminance; whole numbers are cut off."""
    axis = _channels_axis("RGBToGrayscale", x, data_format, (1, 3))
    if x.shape[axis] == 1:
        return x
    found = multiply_axis(x if x.type.is_floating else ops.cast(x, "float32"), axis, numpy.array([LUMINANCE]))
    return ops.cast(found, x.dtype)


@_images("RGBToHSV")
def rgb_to_hsv_images(x: Value, *, data_format: str) -> Value:
    """Return images of hue, saturation and value, all from 0 to 1."""
    axis = _channels_axis("RGBToHSV", x, data_format)
    _check_floating("RGBToHSV", x)
    return ops.concatenate(rgb_to_hsv(x, axis), axis)


@_images("HSVToRGB")
def hsv_to_rgb_images(x: Value, *, data_format: str) -> Value:
    """Return images of red, green and blue."""
    axis = _channels_axis("HSVToRGB", x, data_format)
    _check_floating("HSVToRGB", x)
    hue, saturation, value = (ops.take(x, axis, place, place + 1) for place in range(3))
    return hsv_to_rgb(hue, saturation, value, axis)


def _check_floating(what: str, x: Value) -> None:
    if not x.type.is_floating:
        raise ModelError(f"{what}: images must hold floating-point numbers, got {x.type}")


@_images("Resize")
def resize(
    x: Value,
    *,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str,
) -> Value:
    """Return images of another height and width; see `nnc.layers.Resizing`."""
    _one_of("Resize", "interpolation", interpolation, METHODS)
    _one_of("Resize", "fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ModelError("Resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
    height, width = (int(length) for length in size)
    if height < 1 or width < 1:
        raise ModelError(f"Resize: size must have positive height and width, got {(height, width)}")
    return resized(
        x,
        (height, width),
        interpolation,
        antialias=antialias,
        crop=crop_to_aspect_ratio,
        fill_value=float(fill_value) if pad_to_aspect_ratio else None,
        data_format=data_format,
    )


@_images("CropImages")
def crop_images(
    x: Value,
    *,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str,
) -> Value:
    """Return the inside of images: along each axis, two of what is cut off before and behind and of the new length."""
    cuts = (top_cropping, bottom_cropping, target_height), (left_cropping, right_cropping, target_width)
    lengths = known_sizes(x, data_format)
    for axis, length, cut in zip(spatial_axes(data_format, 2), lengths, cuts, strict=True):
        start, _, target = _fitted("CropImages", cut, length)
        x = ops.take(x, axis, start, start + target)
    return x


@_images("PadImages")
def pad_images(
    x: Value,
    *,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str,
) -> Value:
    """Return images with zeros around: along each axis, two of what is before and behind and of the new length."""
    added = (top_padding, bottom_padding, target_height), (left_padding, right_padding, target_width)
    widths = [(0, 0)] * x.rank
    lengths = known_sizes(x, data_format)
    for axis, length, (before, after, target) in zip(spatial_axes(data_format, 2), lengths, added, strict=True):
        cut = [None if item is None else -item for item in (before, after)]
        first, last, _ = _fitted("PadImages", (*cut, target), length, -1)
        widths[axis] = -first, -last
    return ops.pad(x, widths)


def _fitted(what: str, given: tuple[int | None, ...], length: int, sign: int = 1) -> tuple[int, int, int]:
    """Return what is taken off an axis before and behind, and its new length, of which two are given.

    Raises:
        ModelError: more or fewer are given, or one is negative.
    """
    if sum(item is not None for item in given) != 2:
        raise ModelError(f"{what}: exactly two of the numbers before, behind and target must be given per axis")
    before, after, target = given
    if before is None:
        before = length - (after or 0) - (target or 0)
    elif after is None:
        after = length - before - (target or 0)
    else:
        target = length - before - (after or 0)
    found = before, after or 0, target or 0
    if min(before * sign, found[1] * sign, found[2]) < 0 or (sign > 0 and before + found[2] > length):
        raise ModelError(f"{what}: nothing may be negative, got {given} for an axis of length {length}")
    return found


@_images("AffineTransform")
def affine_transform(
    x: Value,
    transform: Any,
    *,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str,
) -> Value:
    """Return images whose pixel (x, y) is what was at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k).

    Args:
        x: images.
        transform: a0, a1, a2, b0, b1, b2, c0 and c1, where k = c0 x + c1 y + 1; one for all images or one for each.
        interpolation: ``bilinear`` or ``nearest``.
        fill_mode: what lies outside: ``constant``, ``nearest``, ``reflect`` or ``wrap``.
        fill_value: what lies outside with ``constant``.
        data_format: of the images.

    Raises:
        ModelError: an argument is wrong.
    """
    _one_of("AffineTransform", "interpolation", interpolation, WAYS)
    _one_of("AffineTransform", "fill_mode", fill_mode, FILL_MODES)
    matrix = transform if isinstance(transform, Value) else x.graph.constant(transform, "float32")
    if matrix.rank not in (1, 2) or matrix.shape[-1] != 8:
        raise ModelError(f"AffineTransform: transform must have shape (8,) or (batch, 8), got {matrix.type}")
    matrix = ops.stop_gradient(ops.cast(matrix, "float32"))
    batch = ops.reshape(matrix, (1, 8)) if matrix.rank == 1 else matrix
    return warp(x, _eight_numbers(x, batch), interpolation, fill_mode, float(fill_value), data_format)


@_images("PerspectiveTransform")
def perspective_transform(
    x: Value,
    start_points: Any,
    end_points: Any,
    *,
    interpolation: str = "bilinear",
    fill_value: float = 0.0,
    data_format: str,
) -> Value:
    """Return images seen from elsewhere: what was at the start points is at the end points.

    Args:
        x: images.
        start_points: four points, each across and down, of shape (4, 2) for all images or (batch, 4, 2).
        end_points: likewise.
        interpolation: ``bilinear`` or ``nearest``.
        fill_value: what lies outside.
        data_format: of the images.

    Raises:
        ModelError: an argument is wrong.
    """
    what = "PerspectiveTransform"
    _one_of(what, "interpolation", interpolation, WAYS)
    corners = []
    for points in (start_points, end_points):
        value = points if isinstance(points, Value) else x.graph.constant(points, "float32")
        if value.rank not in (2, 3) or value.shape[-2:] != (4, 2):
            raise ModelError(f"{what}: points must have shape (4, 2) or (batch, 4, 2), got {value.type}")
        value = ops.stop_gradient(ops.cast(value, "float32"))
        corners.append(ops.reshape(value, (-1, 4, 2)))
    start, end = corners
    if start.shape != end.shape:
        raise ModelError(f"{what}: start_points and end_points must have the same shape, got {start.type}, {end.type}")
    one = ops.broadcast_to(x.graph.constant(1.0, "float32"), (start.shape[0], 4, 1))
    rows = []
    for axis in (0, 1):
        place = ops.take(start, 2, axis, axis + 1)
        known = [one * 0.0] * 6
        known[3 * axis : 3 * axis + 3] = [ops.take(end, 2, 0, 1), ops.take(end, 2, 1, 2), one]
        rows.append(ops.concatenate([*known, -place * end], 2))
    found = solve(ops.concatenate(rows, 1), ops.reshape(ops.transpose(start, (0, 2, 1)), (-1, 8)))
    numbers = _eight_numbers(x, found)
    return warp(x, numbers, interpolation, "constant", float(fill_value), data_format)


def _eight_numbers(x: Value, matrix: Value) -> list[Value]:
    """Return the numbers that `warp` takes of images from those of shape (batch, 8), or (1, 8) for all images."""
    batch = ops.broadcast_to(matrix, (x.shape[0], 8))
    return [ops.reshape(ops.take(batch, 1, place, place + 1), (x.shape[0], 1, 1)) for place in range(8)]


@_images("GaussianBlur")
def gaussian_blur(
    x: Value, *, kernel_size: Sequence[int] = (3, 3), sigma: Sequence[float] = (1.0, 1.0), data_format: str
) -> Value:
    """Return images each pixel of which is the mean of those around, with weights of a normal distribution.

    As in Keras on TensorFlow, the first size and deviation are those across, and the second those down, of a kernel
    that is then read with the sizes exchanged.
    """
    _check_floating("GaussianBlur", x)
    across, down = (_bell(int(length), float(width)) for length, width in zip(kernel_size, sigma, strict=True))
    weights = numpy.outer(down, across).reshape(int(kernel_size[0]), int(kernel_size[1]), 1, 1)
    images = ops.transpose(x, (0, 2, 3, 1)) if data_format == CHANNELS_FIRST else x
    channels = int(images.shape[-1])
    kernel = x.graph.constant(numpy.tile(weights, (1, 1, channels, 1)), x.dtype)
    found = convolved_by_channel(images, kernel, (1, 1), (1, 1), "same")
    return ops.transpose(found, (0, 3, 1, 2)) if data_format == CHANNELS_FIRST else found


def _bell(length: int, deviation: float) -> Any:
    places = numpy.arange(length) - (length - 1) / 2
    heights = numpy.exp(-0.5 * (places / deviation) ** 2)
    return heights / heights.sum()


@operation("ExtractPatches", module="image")
def extract_patches(
    x: Value,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Value:
    """Return the pixels of each window of images or volumes, as channels of one pixel.

    Args:
        x: images or volumes, one or a batch.
        size: of a window, along two axes or three.
        strides: from a window to the next; the size by default.
        dilation_rate: from a pixel of a window to the next.
        padding: ``valid`` or ``same``.
        data_format: of x.

    Raises:
        ModelError: an argument is wrong.
    """
    what = "ExtractPatches"
    window = (size, size) if isinstance(size, int) else tuple(size)
    data_format = check_data_format(what, data_format)
    _one_of(what, "padding", padding, ("valid", "same"))
    spatial = len(window)
    if spatial not in (2, 3) or x.rank not in (spatial + 1, spatial + 2):
        raise ModelError(f"{what}: size must be two numbers for images or three for volumes, got {size!r} for {x.type}")
    batch = x if x.rank == spatial + 2 else ops.reshape(x, (1, *x.shape))
    steps, dilation = (
        (item,) * spatial if isinstance(item, int) else tuple(item) for item in (strides or window, dilation_rate)
    )
    last = ops.transpose(batch, (0, *range(2, batch.rank), 1)) if data_format == CHANNELS_FIRST else batch
    zeros = zeros_around(last.shape[1:-1], window, steps, dilation, padding)
    widths: list[tuple[Dim, Dim]] = [(0, 0), *zeros, (0, 0)]
    found = _windows(what, ops.pad(last, widths), window, steps, dilation)
    if data_format == CHANNELS_FIRST:
        found = ops.transpose(found, (0, found.rank - 1, *range(1, found.rank - 1)))
    return found if batch is x else ops.reshape(found, found.shape[1:])


def _windows(what: str, x: Value, window: tuple[int, ...], steps: tuple[int, ...], dilation: tuple[int, ...]) -> Value:
    """Return the elements of each window of spatial axes, one behind the other as channels.

    Raises:
        ModelError: no window fits.
    """
    lengths, spatial = x.shape[1:-1], len(window)
    counts = [output_length(*axis) for axis in zip(lengths, window, steps, dilation, strict=True)]
    if any(isinstance(count, int) and count < 1 for count in counts):
        raise ModelError(f"{what}: a window of {list(window)} does not fit into {x.type}")
    if steps == window and set(dilation) == {1}:
        for axis, (count, size) in enumerate(zip(counts, window, strict=True), 1):
            x = ops.take(x, axis, 0, count * size)
        pairs = [dim for pair in zip(counts, window, strict=True) for dim in pair]
        split = ops.reshape(x, (x.shape[0], *pairs, x.shape[-1]))
        order = (0, *range(1, 2 * spatial, 2), *range(2, 2 * spatial + 1, 2), 2 * spatial + 1)
        return ops.reshape(ops.transpose(split, order), (x.shape[0], *counts, prod(window) * x.shape[-1]))
    parts = []
    for place in numpy.ndindex(*window):
        part = x
        for axis, (offset, spread, step, count) in enumerate(zip(place, dilation, steps, counts, strict=True), 1):
            start = offset * spread
            part = ops.take(part, axis, start, start + (count - 1) * step + 1, step)
        parts.append(part)
    return ops.concatenate(parts, -1)
