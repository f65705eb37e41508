"""Operations that make tensors like others: copied, filled, of another element type, one-hot, parts of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import FLOATING, Value, ops
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.operations.registry import operation
from nnc.operations.shapes import moveaxis
from nnc.structure import leaves


@operation("Cast", module="core")
def cast(x: Value, dtype: str) -> Value:
    """Return x in another element type."""
    return ops.cast(x, dtype)


@operation("ZerosLike")
def zeros_like(x: Value, dtype: str | None = None) -> Value:
    """Return zeros of the shape of x."""
    return ops.broadcast_to(x.graph.constant(0, dtype or x.dtype), x.shape)


@operation("OnesLike")
def ones_like(x: Value, dtype: str | None = None) -> Value:
    """Return ones of the shape of x."""
    return ops.broadcast_to(x.graph.constant(1, dtype or x.dtype), x.shape)


@operation("Full")
def full(fill_value: Value, shape: int | Sequence[int], dtype: str | None = None) -> Value:
    """Return a tensor of a shape with a value that is broadcast to it, floats by default."""
    dims = [shape] if isinstance(shape, int) else shape
    return ops.broadcast_to(ops.cast(fill_value, dtype or "float32"), dims)


@operation("FullLike")
def full_like(x: Any, fill_value: Any, dtype: str | None = None) -> Value:
    """Return a tensor like x with a value that is broadcast to its shape."""
    graph = leaves((x, fill_value), Value)[0].graph
    like = x if isinstance(x, Value) else graph.constant(x, "float32")
    kind = dtype or like.dtype
    value = ops.cast(fill_value, kind) if isinstance(fill_value, Value) else graph.constant(fill_value, kind)
    return ops.broadcast_to(value, like.shape)


@operation("EmptyLike")
def empty_like(x: Value, dtype: str | None = None) -> Value:
    """Return zeros of the shape of x, as Keras on TensorFlow does."""
    return zeros_like(x, dtype)


@operation("Copy")
def copy(x: Value) -> Value:
    """Return x, which nothing changes."""
    return x


@operation("Array")
def array(x: Value, dtype: str | None = None) -> Value:
    """Return x, in another element type where one is given."""
    return ops.cast(x, dtype or x.dtype)


@operation("ConvertToTensor", module="core")
def convert_to_tensor(
    x: Value, dtype: str | None = None, sparse: bool | None = None, ragged: bool | None = None
) -> Value:
    """Return x, in another element type where one is given.

    Raises:
        ModelError: the tensor is to be sparse or ragged.
    """
    if sparse or ragged:
        raise ModelError("ConvertToTensor: sparse and ragged must be False, as only dense tensors are supported")
    return ops.cast(x, dtype or x.dtype)


@operation("StopGradient", module="core")
def stop_gradient(variable: Value) -> Value:
    """Return a tensor that no gradient goes through."""
    return ops.stop_gradient(variable)


@operation("View")
def view(x: Value, dtype: str | None = None) -> Value:
    """Return x, whose bytes are not read as numbers of another element type.

    Raises:
        ModelError: they are to be.
    """
    if dtype not in (None, x.dtype):
        raise ModelError(f"View: dtype must be the element type of x, {x.dtype}, got {dtype}")
    return x


@operation("Ndim")
def ndim(x: Value) -> Value:
    """Return the number of axes, as int32."""
    return x.graph.constant(x.rank, "int32")


@operation("Size")
def size(x: Value) -> Value:
    """Return the number of elements."""
    return ops.size(x, dtype="int32")


@operation("SaturateCast", module="core")
def saturate_cast(x: Value, dtype: str) -> Value:
    """Return x in another element type, what is out of its range as the nearest number in it.

    Where Keras on TensorFlow leaves open what the ends of a range become that a float does not hold, such as that of
    int32, they are its ends here.
    """
    if x.dtype == "bool" or (x.type.is_floating and dtype not in FLOATING and dtype != "bool"):
        return ops.cast(x, dtype)
    lows, highs = zip(_range(x.dtype), _range(dtype), strict=True)
    return ops.cast(ops.clip(x, max(lows), min(highs)), dtype)


def _range(dtype: str) -> tuple[float, float]:
    """Return the least and the largest number of an element type."""
    if dtype == "bool":
        return 0, 1
    if dtype in FLOATING:
        return float(numpy.finfo(dtype).min), float(numpy.finfo(dtype).max)
    return int(numpy.iinfo(dtype).min), int(numpy.iinfo(dtype).max)


@operation("OneHot", module="nn")
def one_hot(x: Value, num_classes: int, axis: int = -1, dtype: str = "float32", sparse: bool = False) -> Value:
    """Return x with a new axis, on which a 1 stands at the place that a class says, and nowhere where there is none.

    Raises:
        ModelError: the result is to be sparse.
    """
    return _one_hot("OneHot", x, num_classes, axis, dtype, sparse)


def _one_hot(name: str, x: Value, num_classes: int, axis: int, dtype: str, sparse: bool) -> Value:
    if sparse:
        raise ModelError(f"{name}: sparse must be False, as only dense tensors are supported")
    if not -1 <= axis <= x.rank:
        raise ModelError(f"{name}: axis must be from -1 to {x.rank}, got {axis}")
    classes = x if x.dtype in _WIDE else ops.cast(x, "int32")
    return moveaxis(ops.one_hot(classes, num_classes, dtype), -1, axis)


_WIDE = ("int32", "int64", "uint32", "uint64")
"""Element types of whole numbers that hold any number of classes."""


@operation("MultiHot", module="nn")
def multi_hot(x: Value, num_classes: int, axis: int = -1, dtype: str = "float32", sparse: bool = False) -> Value:
    """Return what the one-hot rows along the second axis of x hold together, of a vector along its only one.

    Raises:
        ModelError: the result is to be sparse.
    """
    rows = _one_hot("MultiHot", x, num_classes, axis, "int32" if dtype == "bool" else dtype, sparse)
    return ops.cast(ops.max(rows, 1 if x.rank > 1 else 0), dtype)


def _triangle(is_lower: bool) -> Callable[..., Value]:
    """Return a function that keeps what is on and below a diagonal of matrices, or on and above it."""

    def keep(x: Value, k: int = 0) -> Value:
        rows, columns = x.shape[-2:]
        if isinstance(rows, int) and isinstance(columns, int):
            mask = numpy.tri(rows, columns, k, bool) if is_lower else ~numpy.tri(rows, columns, k - 1, bool)
            is_kept = x.graph.constant(mask, "bool")
        else:
            row, column = (x.graph.add(Iota(length, "int32"))[0] for length in (rows, columns))
            row, column = ops.reshape(row, (rows, 1)) + k, ops.reshape(column, (1, columns))
            is_kept = apply(GreaterEqual(), row, column) if is_lower else apply(GreaterEqual(), column, row)
        return ops.where(is_kept, x, x.graph.constant(0, x.dtype))

    return keep


tril = operation("Tril")(_triangle(is_lower=True))
triu = operation("Triu")(_triangle(is_lower=False))
