"""What CIFAR-10 and CIFAR-100 share: pickled batches of pictures of 32 × 32 pixels."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.datasets.stored_arrays import file_of, unpickled
from nnc.downloads import get_file
from nnc.errors import DataError

Array = Any
_ADDRESS = "https://www.cs.toronto.edu/~kriz/"


def folder_of(name: str, checksum: str) -> str:
    """Return the folder of the extracted archive ``NAME-python.tar.gz``."""
    parts = f"{name}-batches-py" if name == "cifar-10" else f"{name}-python"
    return get_file(f"{parts}-target", f"{_ADDRESS}{name}-python.tar.gz", extract=True, file_hash=checksum)


def batch(folder: str, *parts: str, key: str) -> tuple[Array, Array]:
    """Return the images of a batch, uint8 of shape (rows, 32, 32, 3), and its classes, int64 of shape (rows, 1).

    Args:
        folder: where the archive was extracted.
        parts: the file in it.
        key: what the file calls the classes.

    Raises:
        DataError: the file is missing or damaged.
    """
    path = file_of(folder, *parts)
    with path.open("rb") as stream:
        found = unpickled(stream, str(path))
    try:
        images = numpy.asarray(found[b"data"], "uint8").reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        labels = numpy.asarray(found[key.encode()], "int64").reshape(-1, 1)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: expected images and '{key}', {error}") from error
    if len(images) != len(labels):
        raise DataError(f"{path}: {len(images)} images and {len(labels)} classes do not fit")
    return images, labels
