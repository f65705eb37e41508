"""MNIST: 60,000 handwritten digits to train on and 10,000 to test on."""

from __future__ import annotations

from typing import Any

from nnc.datasets.stored_arrays import npz_arrays
from nnc.downloads import KERAS_FILES, get_file

Array = Any
Split = tuple[Array, Array]


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """Return images and digits to train on, and to test on.

    Args:
        path: name of the file in the cache.

    Returns:
        Images, uint8 of shape (rows, 28, 28), and digits, uint8 of shape (rows); 60,000 and 10,000 of them.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged.

    https://keras.io/api/datasets/mnist/
    """
    checksum = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
    arrays = npz_arrays(get_file(path, f"{KERAS_FILES}mnist.npz", file_hash=checksum))
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
