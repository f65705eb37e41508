"""Fashion-MNIST: 60,000 pictures of clothes to train on and 10,000 to test on."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy

from nnc.downloads import KERAS_FILES, get_file
from nnc.errors import DataError

Array = Any
Split = tuple[Array, Array]
_LABELS_HEADER, _IMAGES_HEADER = 8, 16
"""Bytes before the elements: http://yann.lecun.com/exdb/mnist/."""


def load_data() -> tuple[Split, Split]:
    """Return images and classes to train on, and to test on.

    Returns:
        Images, uint8 of shape (rows, 28, 28), and classes 0 to 9, uint8 of shape (rows); 60,000 and 10,000 of them.

    Raises:
        DataError: a file is not in the cache and cannot be downloaded, or is damaged.

    https://keras.io/api/datasets/fashion_mnist/
    """
    return _part("train"), _part("t10k")


def _part(name: str) -> Split:
    labels = _bytes(f"{name}-labels-idx1-ubyte.gz", _LABELS_HEADER)
    images = _bytes(f"{name}-images-idx3-ubyte.gz", _IMAGES_HEADER)
    if images.size != len(labels) * 28 * 28:
        raise DataError(f"Fashion-MNIST: {len(labels)} classes and {images.size} pixels of '{name}' do not fit")
    return images.reshape(len(labels), 28, 28), labels


def _bytes(name: str, start: int) -> Array:
    path = get_file(name, f"{KERAS_FILES}{name}", cache_subdir=str(Path("datasets", "fashion-mnist")))
    try:
        with gzip.open(path, "rb") as stream:
            return numpy.frombuffer(stream.read(), numpy.uint8, offset=start)
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise DataError(f"{path}: the file is damaged: {error}") from error
