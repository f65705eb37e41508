"""CIFAR-10: 50,000 pictures in colours of ten kinds of things to train on and 10,000 to test on."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.datasets.cifar import batch, folder_of

Array = Any
Split = tuple[Array, Array]


def load_data() -> tuple[Split, Split]:
    """Return images and classes to train on, and to test on.

    Returns:
        Images, uint8 of shape (rows, 32, 32, 3), and classes 0 to 9, uint8 of shape (rows, 1); 50,000 and 10,000.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.

    https://keras.io/api/datasets/cifar10/
    """
    folder = folder_of("cifar-10", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce")
    inner = "cifar-10-batches-py"
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    *parts, (images, labels) = [batch(folder, inner, name, key="labels") for name in names]
    x, y = (numpy.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return (x, y.astype("uint8")), (images, labels.astype("uint8"))
