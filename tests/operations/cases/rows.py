"""Tensors without rows as outputs of a model, which all have rows in front."""

from __future__ import annotations

from typing import Any


def in_each_row(ops: Any, x: Any, y: Any) -> Any:
    """Return a tensor, or several, as it is in each row of x, of shape (rows, 4, 6)."""
    if isinstance(y, list | tuple):
        return [in_each_row(ops, x, part) for part in y]
    zeros = ops.cast(x[:, 0, 0] * 0.0, y.dtype)
    return ops.expand_dims(y, 0) - ops.reshape(zeros, (-1, *[1] * len(y.shape)))
