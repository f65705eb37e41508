"""Images of another size: parts of them, more around them, and pixels between theirs."""

from __future__ import annotations

import numpy

from nnc.ir import Value
from nnc.ir.ops import cast, clip, floor, pad, take
from nnc.operations.data_formats import known_sizes, spatial_axes
from nnc.operations.interpolation import resize_axis


def resized(
    x: Value,
    size: tuple[int, int],
    interpolation: str,
    *,
    antialias: bool = False,
    crop: bool = False,
    fill_value: float | None = None,
    data_format: str | None,
    computes_in: str = "float32",
) -> Value:
    """Return images of another size, in their element type.

    Args:
        x: images; whole numbers are rounded to again.
        size: height and width of the result.
        interpolation: one of `nnc.operations.interpolation.METHODS`.
        antialias: whether pixels are averaged where images become smaller.
        crop: whether what does not fit the new shape is cut off first, so that nothing is distorted.
        fill_value: what images are extended by instead; None for no extension.
        data_format: of the images.
        computes_in: element type that whole numbers are resized in.
    """
    images = x if x.type.is_floating else cast(x, computes_in)
    if crop:
        images = crop_to_ratio(images, data_format, known_sizes(x, data_format), size)
    elif fill_value is not None:
        images = pad_to_ratio(images, data_format, known_sizes(x, data_format), size, fill_value)
    for axis, length in zip(spatial_axes(data_format, 2), size, strict=True):
        images = resize_axis(images, axis, length, interpolation, antialias)
    return images if images.dtype == x.dtype else saturated(images, x.dtype)


def fitting_sizes(sizes: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return the height that goes with the width, and the width that goes with the height, at the ratio of `size`."""
    (height, width), (target_height, target_width) = sizes, size
    fitting_height = int(numpy.float32(width * target_height) / numpy.float32(target_width))
    fitting_width = int(numpy.float32(height * target_width) / numpy.float32(target_height))
    return fitting_height, fitting_width


def center(x: Value, data_format: str | None, sizes: tuple[int, int], size: tuple[int, int]) -> Value:
    """Return the centre of images."""
    for axis, length, wanted in zip(spatial_axes(data_format, 2), sizes, size, strict=True):
        start = (length - wanted) // 2
        x = take(x, axis, start, start + wanted) if wanted < length else x
    return x


def crop_to_ratio(x: Value, data_format: str | None, sizes: tuple[int, int], size: tuple[int, int]) -> Value:
    """Return the largest part in the middle of images that has the ratio of `size`."""
    pairs = zip(sizes, fitting_sizes(sizes, size), strict=True)
    height, width = (max(min(length, fitting), 1) for length, fitting in pairs)
    return center(x, data_format, sizes, (height, width))


def pad_to_ratio(
    x: Value, data_format: str | None, sizes: tuple[int, int], size: tuple[int, int], fill_value: float
) -> Value:
    """Return images with as much of a value around them as gives them the ratio of `size`."""
    widths = [(0, 0)] * x.rank
    for axis, length, wanted in zip(spatial_axes(data_format, 2), sizes, fitting_sizes(sizes, size), strict=True):
        side = max(wanted - length, 0) // 2
        widths[axis] = side, side
    return pad(x - fill_value, widths) + fill_value if fill_value else pad(x, widths)


def smart_resize(x: Value, data_format: str | None, sizes: tuple[int, int], size: tuple[int, int]) -> Value:
    """Return images of another size, cropped so that nothing is distorted and interpolated linearly."""
    x = crop_to_ratio(x, data_format, sizes, size)
    for axis, length in zip(spatial_axes(data_format, 2), size, strict=True):
        x = resize_axis(x, axis, length, "bilinear")
    return x


def saturated(x: Value, dtype: str) -> Value:
    """Return x rounded to whole numbers, halves to even ones, within the range of an element type."""
    low = floor(x)
    is_odd = low - floor(low * 0.5) * 2.0
    up, up_or_tie = cast(x - low > 0.5, x.dtype), cast(x - low >= 0.5, x.dtype)
    rounded = low + up + (up_or_tie - up) * is_odd
    limits = numpy.iinfo(dtype)
    return cast(clip(rounded, float(limits.min), float(limits.max)), dtype)
