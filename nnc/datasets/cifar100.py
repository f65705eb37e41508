"""CIFAR-100: 50,000 pictures in colours of a hundred kinds of things to train on and 10,000 to test on."""

from __future__ import annotations

from typing import Any

from nnc.datasets.cifar import batch, folder_of
from nnc.errors import DataError

Array = Any
Split = tuple[Array, Array]


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Return images and classes to train on, and to test on.

    Args:
        label_mode: ``fine`` for a hundred classes, ``coarse`` for the twenty that they belong to.

    Returns:
        Images, uint8 of shape (rows, 32, 32, 3), and classes, int64 of shape (rows, 1); 50,000 and 10,000.

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged; or there is no such mode.

    https://keras.io/api/datasets/cifar100/
    """
    if label_mode not in ("fine", "coarse"):
        raise DataError(f"cifar100: label_mode must be 'fine' or 'coarse', got {label_mode!r}")
    folder = folder_of("cifar-100", "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7")
    train, test = (batch(folder, "cifar-100-python", name, key=f"{label_mode}_labels") for name in ("train", "test"))
    return train, test
