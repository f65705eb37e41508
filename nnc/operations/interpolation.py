"""Resizing along an axis, and products of an axis with a matrix."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Dim, SymbolicDim, Value, size_of
from nnc.ir.ops import matmul, reshape, transpose
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.filters import METHODS
from nnc.ir.ops.pooling import Resize

__all__ = ["METHODS", "multiply_axis", "resize_axis"]


def resize_axis(x: Value, axis: int, length: Dim, method: str, antialias: bool = False) -> Value:
    """Return x with another length of one axis.

    Args:
        x: floating-point numbers.
        axis: the axis, from 0.
        length: its new length.
        method: one of `METHODS`.
        antialias: whether a filter grows with the step where the axis becomes shorter.

    Raises:
        ModelError: the axis has a length that is known at run time only, and the method needs to know it.
    """
    old = x.shape[axis]
    if old == length and method != "area":
        return x
    resize = Resize(axis, length, method, antialias)
    if (isinstance(old, SymbolicDim) or isinstance(length, SymbolicDim)) and not resize.is_linear:
        raise ModelError(f"axis {axis} of {x.type} has run-time length '{old}', which only 'bilinear' can resize")
    return apply(resize, x)


def multiply_axis(x: Value, axis: int, matrix: Any) -> Value:
    """Return the product of a matrix of shape (new, old), an array or a value, with one axis of x."""
    value = matrix if isinstance(matrix, Value) else x.graph.constant(matrix, x.dtype)
    new, old = value.shape
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    if x.rank == 1:
        return reshape(matmul(value, reshape(x, (old, 1))), (new,))
    if not after:
        return matmul(x, transpose(value))
    columns = reshape(x, (size_of(before), old, size_of(after)))
    return reshape(matmul(value, columns), (*before, new, *after))
