"""Keras's ``keras.backend``: settings and element types, and the functions of tensors that it had in Keras 2.

The functions are those of `nnc.ops`, with their old names and arguments; what needs another engine is absent.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nnc.absent_names import absence
from nnc.backend.element_types import result_type
from nnc.backend.names import get_uid
from nnc.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from nnc.element_types import is_float_dtype, is_int_dtype, standardize_dtype
from nnc.utils.session import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]

_FUNCTIONS = ("nnc.backend.functions", "nnc.backend.arrays")


def __getattr__(name: str) -> Any:
    for room in () if name.startswith("__") else _FUNCTIONS:  # Python asks for names of its own, which import nothing
        module = import_module(room)
        if name in module.__all__:
            return getattr(module, name)
    raise absence("nnc.backend", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for room in _FUNCTIONS for name in import_module(room).__all__)})
