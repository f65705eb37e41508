"""Keras's names of element types."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.settings import SETTINGS

_FLOATS = ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_OF_PYTHON: dict[Any, str] = {bool: "bool", int: "int64", float: "float32", str: "string"}
_KNOWN = ("bool", *_FLOATS, *INTEGERS, "string", "complex64", "complex128")


def standardize_dtype(dtype: Any) -> str:
    """Return Keras's name of an element type; None is that of `nnc.config.floatx`.

    >>> standardize_dtype(int), standardize_dtype("float64"), standardize_dtype(None)
    ('int64', 'float64', 'float32')

    Args:
        dtype: a name, a type of Python's or NumPy's, or whatever has a name.

    Raises:
        ModelError: it is none.
    """
    if dtype is None:
        return SETTINGS.floatx
    name = _OF_PYTHON.get(dtype) if isinstance(dtype, type) else None
    if name is None:
        found = dtype if isinstance(dtype, str) else getattr(dtype, "name", getattr(dtype, "__name__", dtype))
        name = str(found)
    if name not in _KNOWN:
        raise ModelError(f"invalid dtype: {dtype!r}")
    return name


def is_float_dtype(dtype: Any) -> bool:
    """Return whether an element type is one of floating-point numbers.

    Args:
        dtype: see `standardize_dtype`.
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Return whether an element type is one of whole numbers.

    Args:
        dtype: see `standardize_dtype`.
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))
