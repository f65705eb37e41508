"""Pictures of images with what is known of them, ``keras.visualization``, drawn by Matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy

from nnc.absent_names import absence
from nnc.arrays import to_array
from nnc.errors import DataError, NncError
from nnc.installation import install_command
from nnc.settings import SETTINGS

__all__ = ["draw_segmentation_masks", "plot_image_gallery", "plot_segmentation_mask_gallery"]

Array = Any
_PALETTE = numpy.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
"""What Keras multiplies the number of a class by, modulo 255, to have its color."""


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[Any, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: Sequence[float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: float = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> None:
    """Draw images side by side, as many as there are places for.

    Where neither `rows` nor `cols` is given there may be fewer than images, as in Keras: three of five.

    Args:
        images: shape (images, height, width, channels).
        y_true: class of each image, shape (images).
        y_pred: class that a model finds, shape (images).
        label_map: names of the classes.
        rows: how many images are below one another; by default the root of their number.
        cols: how many are beside one another.
        value_range: the least and the largest number in images.
        scale: inches of an image.
        path: the file; by default the pictures are shown.
        show: whether they are shown; by default where there is no file.
        transparent: whether the file has no background.
        dpi: pixels of an inch in the file.
        legend_handles: Matplotlib's patches of a legend.
        data_format: ``channels_last`` or ``channels_first``; by default as set by `nnc.config`.

    Raises:
        DataError: the images have another shape, there are no names of classes, or a file is to be shown.
        NncError: Matplotlib is not installed.
    """
    pyplot = _pyplot()
    if path is not None and show:
        raise DataError("plot_image_gallery: give either a path, or show=True")
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise DataError("plot_image_gallery: if `y_true` or `y_pred` are provided, a `label_map` must also be provided")
    array = _channels_last(_batch_of(images, "plot_image_gallery"), data_format)
    rows = rows or math.ceil(math.sqrt(len(array)))
    cols = cols or len(array) // rows
    low, high = value_range
    pixels = (array.astype("float32") - low) / (high - low) * 255 if tuple(value_range) != (0, 255) else array
    figure, axes = pyplot.subplots(
        nrows=rows,
        ncols=cols,
        figsize=(cols * scale, rows * scale),
        frameon=False,
        layout="tight",
        squeeze=False,
        sharex="row",
        sharey="col",
    )
    figure.subplots_adjust(wspace=0, hspace=0)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    titles = [(text, to_array(item, text)) for text, item in (("Label", y_true), ("Pred", y_pred)) if item is not None]
    for index, axis in enumerate(axes.ravel()):
        axis.margins(x=0, y=0)
        axis.axis("off")
        if index >= len(pixels):
            continue
        axis.imshow(pixels[index].astype("uint8"))
        parts = [
            f"{text}: {(label_map or {}).get(classes[index], 'Unknown')}"
            for text, classes in titles
            if index < len(classes)
        ]
        if parts:
            axis.set_title("  ".join(parts), fontsize=8)
    if path is not None:
        figure.savefig(path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show is None or show:
        pyplot.show()
    pyplot.close(figure)


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Any] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> Array:
    """Return images whose pixels are colored by their class.

    Args:
        images: shape (images, height, width, 3), numbers from 0 to 255.
        segmentation_masks: class of each pixel, whole numbers of shape (images, height, width, 1).
        num_classes: number of classes; those from it on are not colored. By default the largest class.
        color_mapping: color of each class, three numbers from 0 to 255.
        alpha: how much of the color a pixel takes, from 0 to 1.
        blend: whether pixels keep a part of their own color.
        ignore_index: class of pixels that keep theirs.
        data_format: ``channels_last`` or ``channels_first``; by default as set by `nnc.config`.

    Returns:
        Images of shape (images, height, width, 3), ``uint8``; ``float32`` where they are not blended, as in Keras.

    Raises:
        DataError: a shape is another one, the masks are not whole numbers, or a class has no color.
    """
    array = _channels_last(_batch_of(images, "draw_segmentation_masks"), data_format).astype("float32")
    masks = _channels_last(_masks_of(segmentation_masks, "segmentation_masks"), data_format)
    if masks.dtype.kind not in "iu":
        raise DataError(f"`segmentation_masks` must be in integer dtype, got {masks.dtype}")
    classes = masks[..., 0]
    count = int(classes.max()) if num_classes is None else num_classes
    colors = {number: (number * _PALETTE) % 255 for number in range(count)} if color_mapping is None else color_mapping
    drawn = array.copy()
    for number in range(count):
        if number not in colors:
            raise DataError(f"draw_segmentation_masks: color_mapping has no color of class {number}")
        drawn[classes == number] = numpy.asarray(colors[number], "float32")
    if not blend:
        return drawn
    mixed = array * numpy.float32(1 - alpha) + drawn * numpy.float32(alpha)
    return numpy.where(masks != ignore_index, mixed, array).astype("uint8")


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: Sequence[float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Any] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> None:
    """Draw each image beside itself with its pixels colored by their class, and by the class that a model finds.

    Args:
        images: shape (images, height, width, 3).
        num_classes: see `draw_segmentation_masks`, as are the next but two.
        value_range: the least and the largest number in images.
        y_true: class of each pixel, shape (images, height, width, 1).
        y_pred: class that a model finds, of the same shape.
        color_mapping: color of each class.
        blend: whether pixels keep a part of their own color.
        alpha: how much of the color a pixel takes.
        ignore_index: class of pixels that keep their color.
        data_format: ``channels_last`` or ``channels_first``; by default as set by `nnc.config`.
        **kwargs: further arguments of `plot_image_gallery`.

    Raises:
        DataError: a shape is another one.
        NncError: Matplotlib is not installed.
    """
    array = _channels_last(_batch_of(images, "plot_segmentation_mask_gallery"), data_format)
    columns = [array]
    for name, given in (("y_true", y_true), ("y_pred", y_pred)):
        if given is not None:
            masks = _channels_last(_masks_of(given, name), data_format).astype("int32")
            further = (num_classes, color_mapping, alpha, blend, ignore_index, "channels_last")
            columns.append(draw_segmentation_masks(array, masks, *further))
    gallery = numpy.stack(columns, axis=1).reshape(-1, *array.shape[1:])
    further_options = {"rows": len(array), "cols": len(columns), "data_format": "channels_last", **kwargs}
    plot_image_gallery(gallery, value_range=value_range, **further_options)


def _pyplot() -> Any:
    try:
        return import_module("matplotlib.pyplot")
    except ImportError as error:
        raise NncError(f"galleries of images need Matplotlib ({error}); {install_command('plot')}") from None


def _batch_of(images: Any, name: str) -> Array:
    """Return images as an array of four axes.

    Raises:
        DataError: it has another number of axes.
    """
    array = to_array(images, "images")
    if array.ndim != 4:
        raise DataError(
            f"{name}: `images` must be batched, of shape (images, height, width, channels), got {array.shape}"
        )
    return array


def _masks_of(masks: Any, name: str) -> Array:
    """Return classes of pixels as an array of four axes, the last of length 1.

    Raises:
        DataError: it has other axes.
    """
    array = to_array(masks, name)
    if array.ndim != 4:
        raise DataError(f"`{name}` must have the shape (images, height, width, 1), got {array.shape}")
    return array


def _channels_last(array: Array, data_format: str | None) -> Array:
    is_first = (data_format or SETTINGS.image_data_format) == "channels_first"
    return array.transpose(0, 2, 3, 1) if is_first else array


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.visualization", name)
