"""The element type of what is computed from several."""

from __future__ import annotations

from typing import Any

from nnc.element_types import INTEGERS, is_float_dtype, standardize_dtype
from nnc.errors import ModelError
from nnc.operations.element_types import result_type as _result_type
from nnc.settings import SETTINGS


def result_type(*dtypes: Any) -> str:
    """Return the element type of what is computed from tensors of these types, by Keras's rules.

    >>> result_type("int32", "float32"), result_type("int64", float), result_type("uint8", "int8")
    ('float32', 'float32', 'int16')

    Args:
        dtypes: element types; types of Python's, such as ``int``, are those of numbers, which are as small as can be.

    Raises:
        ModelError: one is none, or none that nnc computes with.
    """
    if not dtypes:
        return SETTINGS.floatx
    tensors = [standardize_dtype(dtype) for dtype in dtypes if dtype not in (bool, int, float)]
    for name in tensors:
        if name not in ("bool", "float32", "float64", *INTEGERS):
            raise ModelError(f"result_type: nnc does not compute with {name}")
    numbers = [dtype for dtype in dtypes if dtype in (bool, int, float)]
    bits = SETTINGS.floatx[-2:]
    if not any(is_float_dtype(name) for name in tensors) and float in numbers:
        tensors.append(f"float{bits}")
    if all(name == "bool" for name in tensors) and int in numbers:
        tensors.append(f"int{bits}")
    if not tensors:
        return "bool"
    return tensors[0] if len(set(tensors)) == 1 else _result_type(*tensors)
