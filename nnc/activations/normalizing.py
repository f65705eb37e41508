"""Activations whose results along an axis are probabilities, or their logarithms."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.activations.tensors import on_tensors
from nnc.ir import Value, ops


@on_tensors
def softmax(x: Value, axis: int | Sequence[int] | None = -1) -> Value:
    """Return ``exp(x) / sum(exp(x))`` along an axis, over several together, or over all (None).

    https://keras.io/api/layers/activations/#softmax-function

    Raises:
        ShapeError: there is no such axis.
    """
    return ops.softmax(x, axis)


@on_tensors
def log_softmax(x: Value, axis: int | Sequence[int] | None = -1) -> Value:
    """Return the logarithm of the softmax along an axis, over several together, or over all (None).

    https://keras.io/api/layers/activations/#logsoftmax-function

    Raises:
        ShapeError: there is no such axis.
    """
    return ops.log_softmax(x, axis)


@on_tensors
def sparsemax(x: Value, axis: int = -1) -> Value:
    """Return the probabilities nearest to x along an axis; many of them are 0.

    A. F. T. Martins, R. F. Astudillo: From softmax to sparsemax, 2016, https://arxiv.org/abs/1602.02068. Up to
    Keras 3.15 its sparsemax sums to less than 1 where more than one result is positive
    (https://github.com/keras-team/keras/issues/23425); this one follows the paper.

    Raises:
        ShapeError: there is no such axis, or there are several.
    """
    return ops.sparsemax(x, axis)
