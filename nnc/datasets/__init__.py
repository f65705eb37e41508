"""Keras's data sets: the same files, at the same addresses and in the same cache, as NumPy arrays.

``nnc.datasets.mnist.load_data()`` reads the file where Keras has put it, ``~/.keras/datasets``, or downloads it there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnc.datasets import (
        boston_housing,
        california_housing,
        cifar10,
        cifar100,
        fashion_mnist,
        imdb,
        mnist,
        reuters,
    )

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in __all__:
            return import_module(f"nnc.datasets.{name}")
        raise AttributeError(f"module 'nnc.datasets' has no attribute {name!r}; there are {', '.join(__all__)}")
