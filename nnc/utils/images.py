"""Images as arrays, arrays as images, and files of images, by Pillow."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy

from nnc.errors import ArgumentError, DataError, NncError

Array = Any
Image = Any
"""A `PIL.Image.Image`."""
_COLOR_MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}
"""What an image may be in Pillow's words; it is converted to the first where it is none."""
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """Return an image as an array of its pixels.

    Args:
        img: an image of Pillow's, or an array of two or three axes.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        dtype: element type, by default float32.

    Returns:
        An array of shape (height, width, channels), or (channels, height, width).

    Raises:
        DataError: it has not two or three axes, or another argument is none of those above.
    """
    channels_first = _is_channels_first("img_to_array", data_format)
    pixels = numpy.asarray(img, dtype="float32" if dtype is None else dtype)
    if pixels.ndim not in (2, 3):
        raise DataError(f"img_to_array: an image has two or three axes, got shape {pixels.shape}")
    if pixels.ndim == 2:
        return pixels[None] if channels_first else pixels[..., None]
    return pixels.transpose(2, 0, 1) if channels_first else pixels


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Image:
    """Return an array of pixels as an image of Pillow's.

    Args:
        x: pixels, shape (height, width, channels), or (channels, height, width); 1 channel (gray), 3 (RGB) or 4 (RGBA).
        data_format: ``channels_last`` (the default) or ``channels_first``.
        scale: whether the smallest number becomes 0 and the largest 255.
        dtype: element type to compute in, by default float32.

    Raises:
        DataError: the shape is another, or `data_format` is none of those above.
        NncError: Pillow is not installed.
    """
    channels_first = _is_channels_first("array_to_img", data_format)
    pillow = _pillow("array_to_img")
    pixels = numpy.asarray(x, dtype="float32" if dtype is None else dtype)
    if pixels.ndim != 3:
        raise DataError(f"array_to_img: the pixels of one image have three axes, got shape {pixels.shape}")
    if channels_first:
        pixels = pixels.transpose(1, 2, 0)
    channels = pixels.shape[2]
    if channels not in (1, 3, 4):
        raise DataError(f"array_to_img: an image has 1, 3 or 4 channels, got {channels} (shape {numpy.shape(x)})")
    if scale:
        pixels = pixels - pixels.min()
        largest = pixels.max()
        if largest != 0:
            pixels = _in_place(pixels, largest)
        pixels *= 255
    if channels > 1:
        return pillow.fromarray(pixels.astype("uint8"))
    is_deep = pixels.max() > 255
    return pillow.fromarray(pixels[:, :, 0].astype("int32" if is_deep else "uint8"))


def _in_place(pixels: Array, largest: Any) -> Array:
    """Return pixels divided by the largest, in their own element type.

    Raises:
        DataError: they are whole numbers.
    """
    if pixels.dtype.kind != "f":
        raise DataError(
            f"array_to_img: scale=True needs a floating-point dtype, got {pixels.dtype}; leave dtype out, or scale out"
        )
    pixels /= largest
    return pixels


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array of pixels to a file.

    Args:
        path: of the file, or a file object.
        x: pixels as of `array_to_img`.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        file_format: such as ``png``, by default what the suffix of the path says; a file object needs it.
        scale: whether the smallest number becomes 0 and the largest 255.
        kwargs: further arguments of Pillow's `Image.save`.

    Raises:
        DataError: the shape or `data_format` is another, or Pillow writes no such file.
        NncError: Pillow is not installed.
    """
    is_path = isinstance(path, str | os.PathLike)
    if file_format is None and is_path:
        file_format = Path(path).suffix[1:].lower()
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("The JPEG format does not support RGBA images, converting to RGB.", stacklevel=2)
        image = image.convert("RGB")
    try:
        image.save(path, format=file_format, **kwargs)
    except (KeyError, ValueError) as error:
        given = f"'{os.fspath(path)}'" if is_path else f"a {type(path).__name__}"
        raise DataError(
            f"save_img: Pillow writes no file of format {file_format!r} to {given} ({error}); give file_format, such"
            " as 'png'"
        ) from None


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image:
    """Return the image in a file, as an image of Pillow's.

    Args:
        path: of the file, or an `io.BytesIO`.
        color_mode: ``grayscale``, ``rgb`` or ``rgba``.
        target_size: (height, width) to resize to.
        interpolation: how pixels between others are found: ``nearest``, ``bilinear``, ``bicubic``, ``hamming``, ``box``
            or ``lanczos``.
        keep_aspect_ratio: whether the image is cropped around its center before it is resized, instead of distorted.

    Raises:
        DataError: the file holds no image that Pillow reads, or another argument is none of those above.
        OSError: there is no such file.
        NncError: Pillow is not installed.
    """
    _check_word("load_img", "color_mode", color_mode, tuple(_COLOR_MODES))
    _check_word("load_img", "interpolation", interpolation, _INTERPOLATIONS)
    pillow = _pillow("load_img")
    image = _opened(pillow, path)
    modes = _COLOR_MODES[color_mode]
    if image.mode not in modes:
        image = image.convert(modes[0])
    if target_size is None:
        return image
    size = _width_and_height(target_size)
    if image.size == size:
        return image
    box = _centered(image.size, size) if keep_aspect_ratio else None
    return image.resize(size, pillow.Resampling[interpolation.upper()], box=box)


def smart_resize(
    x: Any, size: Sequence[int], interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Return images cropped around their center to the proportions of a size, and resized to it: nothing is distorted.

    Args:
        x: one image or several, shape (height, width, channels) or (images, height, width, channels); symbolic tensors
            and values of a graph too.
        size: (height, width).
        interpolation: ``nearest``, ``bilinear``, ``bicubic``, ``lanczos3`` or ``lanczos5``.
        data_format: ``channels_last`` or ``channels_first``.
        kwargs: none; Keras has ``backend_module``.

    Raises:
        DataError: the shape or an argument is none of those above.
        ArgumentError: there are other arguments.
    """
    if kwargs:
        raise ArgumentError(f"smart_resize: there is no argument {', '.join(map(repr, kwargs))}")
    _check_word("smart_resize", "data_format", data_format, ("channels_last", "channels_first"))
    ops = import_module("nnc.ops")
    pixels = ops.convert_to_tensor(x)
    if len(pixels.shape) not in (3, 4):
        raise DataError(f"smart_resize: images have shape (height, width, channels), got {tuple(pixels.shape)}")
    if len(size) != 2:
        raise DataError(f"smart_resize: size must be (height, width), got {size!r}")
    first = len(pixels.shape) - (3 if data_format == "channels_last" else 2)
    height, width = pixels.shape[first : first + 2]
    if not isinstance(height, int) or not isinstance(width, int):
        raise DataError(
            f"smart_resize: height and width must be known before, got shape {tuple(pixels.shape)}; resize arrays, or"
            " give the input a shape"
        )
    rows, columns = largest_part(height, width, size)
    cut = pixels[(slice(None),) * first + (rows, columns)]
    return ops.image.resize(cut, tuple(size), interpolation, data_format=data_format)


def largest_part(height: int, width: int, size: Sequence[int]) -> tuple[slice, slice]:
    """Return rows and columns of the largest part of an image that has the proportions of a size, around the center.

    Args:
        height: of the image.
        width: of the image.
        size: (height, width) of the proportions.
    """
    kept_height = max(min(height, int(float(width * size[0]) / size[1])), 1)
    kept_width = max(min(width, int(float(height * size[1]) / size[0])), 1)
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return slice(top, top + kept_height), slice(left, left + kept_width)


def _opened(pillow: Any, path: Any) -> Image:
    if isinstance(path, io.BytesIO):
        content = path
    elif isinstance(path, str | bytes | os.PathLike):
        content = io.BytesIO(Path(os.fsdecode(path)).read_bytes())
    else:
        raise DataError(f"load_img: path must be a path or an io.BytesIO, got {type(path).__name__}")
    try:
        return pillow.open(content)
    except pillow.UnidentifiedImageError:
        name = "the bytes" if content is path else f"'{os.fsdecode(path)}'"
        raise DataError(f"load_img: Pillow finds no image in {name}") from None


def _width_and_height(target_size: Any) -> tuple[int, int]:
    numbers = tuple(target_size) if isinstance(target_size, Sequence | numpy.ndarray) else ()
    whole = [isinstance(number, int | numpy.integer) and number > 0 for number in numbers]
    if len(numbers) < 2 or not all(whole):
        raise DataError(f"load_img: target_size must be (height, width) in pixels, got {target_size!r}")
    return int(numbers[1]), int(numbers[0])


def _centered(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the largest part of the wanted proportions, around the center."""
    width, height = size
    cut_height = min(height, width * wanted[1] // wanted[0])
    cut_width = min(width, height * wanted[0] // wanted[1])
    left, top = (width - cut_width) // 2, (height - cut_height) // 2
    return left, top, left + cut_width, top + cut_height


def _is_channels_first(where: str, data_format: str | None) -> bool:
    _check_word(where, "data_format", data_format, ("channels_last", "channels_first", None))
    return data_format == "channels_first"


def _check_word(where: str, key: str, value: Any, known: Sequence[str | None]) -> None:
    if value not in known:
        listed = ", ".join(map(repr, known[:-1]))
        raise DataError(f"{where}: {key} must be {listed} or {known[-1]!r}, got {value!r}")


def _pillow(where: str) -> Any:
    """Return `PIL.Image`.

    Raises:
        NncError: it is not installed.
    """
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise NncError(f"{where} needs Pillow, which is not installed: pip install pillow") from None
