"""The images of a folder, all of one size, as data that are read again and again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.directories import Folder
from nnc.utils.images import largest_part, load_img

Array = Any
_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return the images in a folder's subfolders, each of which is a class, in batches.

    Files are found, divided and labelled as by Keras; the order of an epoch is another. Pillow reads them: pixels of
    JPEG files, and of colors in gray, may differ from TensorFlow's.

    Args:
        directory: path of the folder.
        labels: ``inferred`` from its subfolders, None, or whole numbers, one for each file in the order of their paths.
        label_mode: ``int``; ``categorical``, rows of zeros with a one; ``binary``, 0.0 or 1.0; None leaves labels out.
        class_names: names of subfolders, in the order of their labels; by default all, in the order of the alphabet.
        color_mode: ``grayscale``, ``rgb`` or ``rgba``.
        batch_size: images of a batch; None gives single ones.
        image_size: height and width, or one number for both.
        shuffle: whether images come in a random order, another one in each epoch.
        seed: of the order.
        validation_split: fraction of the files that is kept for validation.
        subset: ``training``, ``validation``, or ``both`` for a list of the two.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``lanczos3`` or ``lanczos5``.
        follow_links: whether subfolders that are links are read.
        crop_to_aspect_ratio: whether images are cropped around their center before, instead of distorted.
        pad_to_aspect_ratio: False; another is refused.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        format: ``tf``, the default of Keras; what is returned has the methods of its data sets that scripts use.
        verbose: whether the number of files is printed.

    Returns:
        Images of shape (batch, height, width, channels), with labels as tuples of both; `class_names` and `file_paths`
        are attributes.

    Raises:
        DataError: an argument is none of those above, or there are no images.
        NncError: Pillow is not installed.
    """
    where = "image_dataset_from_directory"
    for key, value, known in (
        ("color_mode", color_mode, tuple(_CHANNELS)),
        ("interpolation", interpolation, _INTERPOLATIONS),
        ("data_format", data_format, ("channels_last", "channels_first", None)),
    ):
        if value not in known:
            raise DataError(f"{where}: `{key}` must be one of {', '.join(map(str, known))}, got {value!r}")
    if pad_to_aspect_ratio:
        raise DataError(f"{where}: pad_to_aspect_ratio=True is not supported; give crop_to_aspect_ratio=True, or none")
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(size, list | tuple) or len(size) != 2 or not all(isinstance(n, int) and n > 0 for n in size):
        raise DataError(f"{where}: image_size must be (height, width) in pixels, got {image_size!r}")

    def read(path: str) -> Array:
        pixels = _pixels(path, color_mode)
        if crop_to_aspect_ratio:
            pixels = pixels[largest_part(pixels.shape[0], pixels.shape[1], size)]
        resized = import_module("nnc.ops").image.resize(
            pixels.astype("float32"), tuple(size), interpolation, data_format="channels_last"
        )
        found = resized.astype("uint8") if interpolation == "nearest" else resized
        return found.transpose(2, 0, 1) if data_format == "channels_first" else found

    folder = Folder(
        where, directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset,
        follow_links, format, verbose,
    )  # fmt: skip
    return folder.read(_SUFFIXES, read)


def _pixels(path: str, color_mode: str) -> Array:
    """Return the pixels of a file, shape (height, width, channels), as numbers from 0 to 255.

    Raises:
        DataError: they have more bits.
    """
    image = load_img(path, "grayscale")
    if image.mode == "I;16":  # the higher byte, which is what TensorFlow takes
        gray = (numpy.asarray(image) >> 8).astype("uint8")[..., None]
        opaque = numpy.full_like(gray, 255)
        return {"grayscale": gray, "rgb": gray.repeat(3, 2), "rgba": numpy.concatenate([gray] * 3 + [opaque], 2)}[
            color_mode
        ]
    if image.mode != "L":
        raise DataError(
            f"image_dataset_from_directory: '{os.fspath(path)}' has pixels of mode {image.mode!r}, not of 8 or 16 bits"
        )
    pixels = numpy.asarray(image if color_mode == "grayscale" else load_img(path, color_mode))
    return pixels[..., None] if pixels.ndim == 2 else pixels
