"""Images of another size: interpolated, or their centre."""

from __future__ import annotations

import numpy

from nnc.arguments import argument, choice, flag, number, positive
from nnc.choices import DataFormat, ResizeMethod
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value
from nnc.layers.arguments import image_format
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.interpolation import resize_axis
from nnc.layers.spatial import check_rank, spatial_axes
from nnc.layers.upsampling import check_interpolation
from nnc.ops import cast, clip, floor, pad, take


class Resizing(KerasLayer):
    """Images of a given size.

    Args:
        height: height of the result.
        width: width of the result.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``area``, ``lanczos3`` or ``lanczos5``.
        crop_to_aspect_ratio: whether what does not fit the new shape is cut off, so that nothing is distorted.
        pad_to_aspect_ratio: whether images are extended instead.
        fill_mode: ``constant``.
        fill_value: what images are extended by.
        antialias: whether pixels are averaged where images become smaller.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or an image's size is not known before the run, where anything but
            ``bilinear`` needs it.
    """

    key_arguments = ("height", "width")
    noted_arguments = ("{interpolation}", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    keeps_integers_of_arrays = True

    height: int = positive()
    width: int = positive()
    interpolation: ResizeMethod = argument(check_interpolation, default="bilinear")
    crop_to_aspect_ratio: bool = flag(default=False)
    pad_to_aspect_ratio: bool = flag(default=False)
    fill_mode: str = choice("constant", default="constant")
    fill_value: float = number(default=0.0)
    antialias: bool = flag(default=False)
    data_format: DataFormat | None = image_format(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ModelError(f"{self._where}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")

    def call(self, x: Value) -> Value:
        check_rank(x, 2, self.data_format)
        dtype = x.dtype
        images = x if x.type.is_floating else cast(x, self.weights_dtype or FLOAT)
        size = (self.height, self.width)
        if self.crop_to_aspect_ratio:
            images = crop_to_ratio(images, self.data_format, known_sizes(x, self.data_format), size)
        elif self.pad_to_aspect_ratio:
            images = self._padded(images, known_sizes(x, self.data_format), size)
        for axis, length in zip(spatial_axes(self.data_format, 2), size, strict=True):
            images = resize_axis(images, axis, length, self.interpolation, self.antialias)
        return images if images.dtype == dtype else _saturated(images, dtype)

    def _padded(self, x: Value, sizes: tuple[int, int], size: tuple[int, int]) -> Value:
        widths = [(0, 0)] * x.rank
        for axis, length, wanted in zip(
            spatial_axes(self.data_format, 2), sizes, fitting_sizes(sizes, size), strict=True
        ):
            side = max(wanted - length, 0) // 2
            widths[axis] = side, side
        return pad(x - self.fill_value, widths) + self.fill_value if self.fill_value else pad(x, widths)


class CenterCrop(KerasLayer):
    """The centre of images; those that are too small are cropped to the new shape and interpolated.

    Args:
        height: height of the result.
        width: width of the result.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or an image's size is not known before the run.
    """

    key_arguments = ("height", "width")

    height: int = positive()
    width: int = positive()
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        sizes, size = known_sizes(x, self.data_format), (self.height, self.width)
        if all(length >= wanted for length, wanted in zip(sizes, size, strict=True)):
            return center(x, self.data_format, sizes, size)
        return smart_resize(x, self.data_format, sizes, size)


def known_sizes(x: Value, data_format: str | None) -> tuple[int, int]:
    """Return height and width of images.

    Raises:
        ModelError: x is not a batch of images, or its size is not known before the run.
    """
    check_rank(x, 2, data_format)
    height, width = (x.shape[axis] for axis in spatial_axes(data_format, 2))
    if isinstance(height, SymbolicDim) or isinstance(width, SymbolicDim):
        raise ModelError(f"images must have a known height and width, got {x.type}")
    return height, width


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


def smart_resize(x: Value, data_format: str | None, sizes: tuple[int, int], size: tuple[int, int]) -> Value:
    """Return images of another size, cropped so that nothing is distorted and interpolated linearly."""
    x = crop_to_ratio(x, data_format, sizes, size)
    for axis, length in zip(spatial_axes(data_format, 2), size, strict=True):
        x = resize_axis(x, axis, length, "bilinear")
    return x


def _saturated(x: Value, dtype: str) -> Value:
    """Return x rounded to whole numbers, halves to even ones, within the range of an element type."""
    low = floor(x)
    is_odd = low - floor(low * 0.5) * 2.0
    up, up_or_tie = cast(x - low > 0.5, x.dtype), cast(x - low >= 0.5, x.dtype)
    rounded = low + up + (up_or_tie - up) * is_odd
    limits = numpy.iinfo(dtype)
    return cast(clip(rounded, float(limits.min), float(limits.max)), dtype)
