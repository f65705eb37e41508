"""What the data sets of houses share: rows that are shuffled and split."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.datasets.stored_arrays import npz_arrays
from nnc.downloads import KERAS_FILES, get_file
from nnc.errors import DataError

Array = Any
Split = tuple[Array, Array]


def shuffled_rows(
    path: str, name: str, checksum: str, test_split: float, seed: int, most: int | None = None
) -> tuple[Split, Split]:
    """Return rows to train on, and to test on.

    Args:
        path: name of the file in the cache.
        name: name of Keras's file.
        checksum: its checksum.
        test_split: fraction of the rows to test on, from 0 to below 1.
        seed: seed of the order.
        most: number of rows to take.

    Raises:
        DataError: the fraction is none, or the file cannot be had or read.
    """
    if not 0 <= test_split < 1:
        raise DataError(f"{name}: test_split must be from 0 to below 1, got {test_split!r}")
    arrays = npz_arrays(get_file(path, f"{KERAS_FILES}{name}", file_hash=checksum))
    x, y = arrays["x"][:most], arrays["y"][:most]
    order = numpy.arange(len(x))
    numpy.random.RandomState(seed).shuffle(order)
    x, y, kept = x[order], y[order], int(len(x) * (1 - test_split))
    return (x[:kept], y[:kept]), (x[kept:], y[kept:])
