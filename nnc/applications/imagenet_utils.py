"""Images as networks take them, and what their 1000 outputs mean."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy

from nnc import ops
from nnc.downloads import get_file
from nnc.errors import DataError, ModelError
from nnc.layers import SymbolicTensor

Array = Any
_CLASS_INDEX = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_MEAN_OF_BGR = (103.939, 116.779, 123.68)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MODES = ("caffe", "tf", "torch")


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Return images as a network takes them.

    Args:
        x: images with channels from 0 to 255, red first, shape (rows, height, width, 3) or (height, width, 3); an array
            of a floating-point type is changed in place, as by Keras; symbolic tensors too.
        data_format: ``channels_last`` (the default) or ``channels_first``.
        mode: ``caffe``: blue first, without the mean of ImageNet; ``tf``: from -1 to 1; ``torch``: from 0 to 1, then
            without the mean of ImageNet and divided by its deviation.

    Returns:
        Images of the same shape.

    Raises:
        ModelError: another argument is none of those above.
    """
    if mode not in MODES:
        raise ModelError(f"preprocess_input: mode must be 'caffe', 'tf' or 'torch', got {mode!r}")
    if data_format not in (None, "channels_last", "channels_first"):
        raise ModelError(
            f"preprocess_input: data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
        )
    is_first = data_format == "channels_first"
    if isinstance(x, numpy.ndarray):
        return _of_arrays(x, is_first, mode)
    return _of_tensors(x if isinstance(x, SymbolicTensor) else ops.convert_to_tensor(x), is_first, mode)


def _of_arrays(x: Array, is_first: bool, mode: str) -> Array:
    if x.dtype.kind != "f":
        x = x.astype("float32")
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    axis = x.ndim - 3 if is_first else x.ndim - 1
    shape = [3 if place == axis else 1 for place in range(x.ndim)]
    if mode == "caffe":
        x = numpy.flip(x, axis)
        x -= numpy.reshape(_MEAN_OF_BGR, shape).astype(x.dtype)
        return x
    x /= 255.0
    x -= numpy.reshape(_MEAN, shape).astype(x.dtype)
    x /= numpy.reshape(_DEVIATION, shape).astype(x.dtype)
    return x


def _of_tensors(x: Any, is_first: bool, mode: str) -> Any:
    if mode == "tf":
        return x / 127.5 - 1.0
    axis = len(x.shape) - 3 if is_first else len(x.shape) - 1
    shape = [3 if place == axis else 1 for place in range(len(x.shape))]
    if mode == "caffe":
        reversed_channels = ops.flip(x, axis)
        return reversed_channels - numpy.reshape(_MEAN_OF_BGR, shape).astype(x.dtype)
    centered = x / 255.0 - numpy.reshape(_MEAN, shape).astype(x.dtype)
    return centered / numpy.reshape(_DEVIATION, shape).astype(x.dtype)


@cache
def _class_index() -> dict[str, list[str]]:
    path = get_file(
        "imagenet_class_index.json", _CLASS_INDEX, cache_subdir="models", file_hash="c2c37ea517e94d9795004a39431a14cb"
    )
    found: dict[str, list[str]] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, Any]]]:
    """Return the most probable classes of ImageNet, by name.

    Args:
        preds: a probability for each class, shape (rows, 1000).
        top: how many classes of a row.

    Returns:
        For each row tuples (WordNet's identifier, name, probability), the most probable first.

    Raises:
        DataError: the shape is another, or the names are not in Keras's cache and cannot be downloaded; the message
            says where to put the file.
    """
    rows = numpy.asarray(preds)
    if rows.ndim != 2 or rows.shape[1] != 1000:
        raise DataError(f"decode_predictions: expected predictions of shape (rows, 1000), got {rows.shape}")
    names = _class_index()
    return [[(*names[str(place)], row[place]) for place in numpy.argsort(row)[-top:][::-1]] for row in rows]


def blue_first(x: Any, data_format: str | None = None) -> Any:
    """Return images with blue first and without the mean of ImageNet; see `imagenet_utils.preprocess_input`."""
    return preprocess_input(x, data_format, "caffe")


def from_minus_one_to_one(x: Any, data_format: str | None = None) -> Any:
    """Return images with channels from -1 to 1; see `imagenet_utils.preprocess_input`."""
    return preprocess_input(x, data_format, "tf")


def standardized(x: Any, data_format: str | None = None) -> Any:
    """Return images without the mean of ImageNet, divided by its deviation; see `imagenet_utils.preprocess_input`."""
    return preprocess_input(x, data_format, "torch")


def unchanged(x: Any, data_format: str | None = None) -> Any:
    """Return images as they are, for these networks scale them themselves."""
    del data_format
    return x
