"""Class indices as rows of zeros with a one, and rows of length one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy

from nnc.errors import DataError


def normalize(x: Any, axis: int | None = -1, order: int = 2) -> Any:
    """Return numbers divided by their norm along an axis; where that is 0 they stay as they are.

    Args:
        x: numbers of any shape, or a tensor that a graph computes.
        axis: the axis; None takes the norm of all numbers.
        order: of the norm: 1 sums up magnitudes, 2 is the length of a vector.

    Returns:
        An array of the shape of `x`, of two axes where that has one.

    Raises:
        DataError: `axis` is 0 and there are several axes: Keras divides by the norms of other numbers there.

    >>> normalize(numpy.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    if not isinstance(x, numpy.ndarray):
        ops = import_module("nnc.ops")
        numbers = ops.convert_to_tensor(x)
        whole = isinstance(numbers, numpy.ndarray) and numbers.dtype.kind in "biu"
        return ops.normalize(numbers.astype("float32") if whole else numbers, axis=axis, order=order)
    if axis == 0 and x.ndim > 1:
        raise DataError(
            "normalize: with axis=0 Keras divides each row of an array by the norm of a column; give the axis as"
            f" {-x.ndim} to divide each column by its own"
        )
    norm = numpy.atleast_1d(numpy.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / numpy.expand_dims(norm, axis or -1)


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Return class indices as rows of zeros with a one.

    Args:
        x: whole numbers of any shape, or a tensor of them that a graph computes.
        num_classes: length of a row, by default the largest index + 1.

    Returns:
        An array of the shape of `x` (without a last axis of length 1) and a last axis of `num_classes`.

    Raises:
        DataError: there is no index, or one is out of range; a graph's tensor has no `num_classes` beside it.

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if not _holds_numbers(x):
        return _rows_of_a_tensor(x, num_classes)
    indices = numpy.asarray(x, int)
    if indices.ndim > 1 and indices.shape[-1] == 1:
        indices = indices[..., 0]
    if indices.size == 0:
        raise DataError("to_categorical: there are no class indices")
    classes = int(num_classes) if num_classes else int(indices.max()) + 1
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= classes:
        raise DataError(f"to_categorical: class indices must be 0 … {classes - 1}, got {low if low < 0 else high}")
    return numpy.eye(classes)[indices]


def _rows_of_a_tensor(x: Any, num_classes: int | None) -> Any:
    if not num_classes:
        raise DataError("to_categorical: num_classes must be given where a graph computes the indices")
    ops = import_module("nnc.ops")
    if len(x.shape) > 1 and x.shape[-1] == 1:
        x = ops.squeeze(x, -1)
    return ops.one_hot(x, num_classes)


def _holds_numbers(x: Any) -> bool:
    """Whether something has its numbers already, as tensors of a graph have not."""
    return isinstance(x, list | tuple | int | float) or hasattr(x, "__array__")
