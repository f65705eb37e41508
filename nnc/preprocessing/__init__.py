"""Images, texts and sequences before they are inputs: ``keras.preprocessing``, and what Keras 2 had there.

All is imported when it is first used. New programs take layers and `nnc.utils` instead of `image.ImageDataGenerator`,
`text.Tokenizer` and `sequence.TimeseriesGenerator`, as Keras recommends; scripts that have them run as they are.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnc.preprocessing import image, sequence, text
    from nnc.utils import (
        image_dataset_from_directory,
        text_dataset_from_directory,
        timeseries_dataset_from_array,
    )

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
_MODULES = ("image", "sequence", "text")


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"nnc.preprocessing.{name}")
        if name in __all__:
            return getattr(import_module("nnc.utils"), name)
        raise AttributeError(f"module 'nnc.preprocessing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__"})
