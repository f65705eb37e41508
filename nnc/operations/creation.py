"""Operations that make tensors like others: filled, of another element type, one-hot, parts of matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.operations.registry import operation


@operation("Cast", module="core")
def cast(x: Value, dtype: str) -> Value:
    """Return x in another element type."""
    return ops.cast(x, dtype)


@operation("ConvertToTensor", module="core")
def convert_to_tensor(x: Value, dtype: str | None = None, sparse: bool | None = None) -> Value:
    """Return x as it is, or in another element type.

    Raises:
        ModelError: it is to be sparse.
    """
    if sparse:
        raise ModelError("ConvertToTensor: sparse tensors are not supported")
    return x if dtype is None else ops.cast(x, dtype)


@operation("ZerosLike")
def zeros_like(x: Value, dtype: str | None = None) -> Value:
    """Return zeros of the shape of x."""
    return ops.broadcast_to(x.graph.constant(0, dtype or x.dtype), x.shape)


@operation("OnesLike")
def ones_like(x: Value, dtype: str | None = None) -> Value:
    """Return ones of the shape of x."""
    return ops.broadcast_to(x.graph.constant(1, dtype or x.dtype), x.shape)


@operation("OneHot", module="nn")
def one_hot(x: Value, num_classes: int, axis: int = -1, dtype: str = "float32", sparse: bool = False) -> Value:
    """Return rows with a 1 at the place that a class says.

    Raises:
        ModelError: the rows are not dense, or not along the last axis.
    """
    if sparse or axis != -1:
        raise ModelError("OneHot: only dense rows along the last axis are supported")
    return ops.one_hot(x, num_classes, dtype)


def _triangle(is_lower: bool) -> Callable[..., Value]:
    """Return a function that keeps what is on and below a diagonal of matrices, or on and above it."""

    def keep(x: Value, k: int = 0) -> Value:
        rows, columns = (int(length) for length in x.shape[-2:])
        mask = numpy.tri(rows, columns, k, bool) if is_lower else ~numpy.tri(rows, columns, k - 1, bool)
        return ops.where(x.graph.constant(mask, "bool"), x, x.graph.constant(0, x.dtype))

    return keep


tril = operation("Tril")(_triangle(is_lower=True))
triu = operation("Triu")(_triangle(is_lower=False))
