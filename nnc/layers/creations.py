"""Tensors made of numbers alone, such as a length: counted, filled, and with ones on or below a diagonal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc.ir import Dim, Graph, Shape, SymbolicDim, Value, ops
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.layers.trace import length_value


def arange(graph: Graph, length: Dim, start: Dim = 0, step: int = 1, dtype: str = "int32") -> Value:
    """Return so many numbers from a start on, a step apart."""
    counted = graph.add(Iota(length, "int32"))[0]
    if step != 1:
        counted = counted * step
    if start != 0:
        counted = counted + (start if isinstance(start, int) else length_value(start, graph, "int32"))
    return ops.cast(counted, dtype)


def larger(graph: Graph, x1: Dim, x2: Dim) -> Value:
    """Return the larger one of two numbers."""
    return ops.maximum(length_value(x1, graph, "int32"), length_value(x2, graph, "int32"))


def smaller(graph: Graph, x1: Dim, x2: Dim) -> Value:
    """Return the smaller one of two numbers."""
    return ops.minimum(length_value(x1, graph, "int32"), length_value(x2, graph, "int32"))


def filled(graph: Graph, shape: Shape, fill_value: Dim | float, dtype: str = "float32") -> Value:
    """Return a tensor of one number."""
    if isinstance(fill_value, SymbolicDim):
        return ops.broadcast_to(length_value(fill_value, graph, dtype), shape)
    return ops.broadcast_to(graph.constant(fill_value, dtype), shape)


def broadcast(graph: Graph, x: Any, shape: Shape) -> Value:
    """Return a constant in a shape."""
    return ops.broadcast_to(graph.constant(x, str(x.dtype)), shape)


def lower(graph: Graph, rows: Dim, columns: Dim, k: int = 0, dtype: str = "float32") -> Value:
    """Return ones on and below a diagonal, zeros above it."""
    row, column = _places(graph, rows, columns)
    return ops.cast(apply(GreaterEqual(), row + k, column), dtype)


def diagonal(graph: Graph, rows: Dim, columns: Dim, k: int = 0, dtype: str = "float32") -> Value:
    """Return ones on a diagonal, zeros elsewhere."""
    row, column = _places(graph, rows, columns)
    return ops.cast(ops.equal(row + k, column), dtype)


def _places(graph: Graph, rows: Dim, columns: Dim) -> tuple[Value, Value]:
    """Return the numbers of rows and of columns, for each place of a matrix by broadcasting."""
    row, column = arange(graph, rows), arange(graph, columns)
    return ops.reshape(row, (rows, 1)), ops.reshape(column, (1, columns))


CREATIONS: Mapping[str, Callable[..., Value]] = MappingProxyType(
    {
        "arange": arange,
        "broadcast_to": broadcast,
        "empty": filled,
        "eye": diagonal,
        "full": filled,
        "identity": diagonal,
        "maximum": larger,
        "minimum": smaller,
        "ones": filled,
        "tri": lower,
        "zeros": filled,
    }
)
"""The functions by Keras's names."""
