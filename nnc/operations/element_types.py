"""The element type in which Keras computes with operands of several: that of `keras.backend.result_type`."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.ir import FLOATING, Graph, Value, ops
from nnc.settings import SETTINGS
from nnc.structure import leaves, map_leaves

FLOAT = "float32"
_NUMBER = numpy.float64
"""The scalar of NumPy that counts as a number of Python, which it is."""


def result_type(*dtypes: str) -> str:
    """Return the element type of what is computed from tensors of these: floats win, otherwise what holds both.

    >>> result_type("int64", "float32"), result_type("uint8", "int32"), result_type("uint32", "int32")
    ('float32', 'int32', 'int64')
    """
    floats = FLOATING.intersection(dtypes)
    if floats:
        return max(floats)
    found = numpy.result_type(*dtypes).name
    return FLOAT if found in FLOATING else found  # no whole numbers hold both int64 and uint64


def as_float(x: Value) -> Value:
    """Return x as it is, or in the element type of floats by default where it holds none."""
    return x if x.type.is_floating else ops.cast(x, SETTINGS.floatx)


def as_wide_float(x: Value) -> Value:
    """Return x as it is, as float64 where it is int64, or as float32 where it holds no floats else."""
    return ops.cast(x, "float64") if x.dtype == "int64" else as_float(x)


def as_value(x: Any, dtype: str, graph: Graph) -> Value:
    """Return a graph value as it is, or the constant of an element type that a number is."""
    return x if isinstance(x, Value) else graph.constant(x, dtype)


def as_tensors(operands: Any, graph: Graph | None = None) -> Any:
    """Return nested operands with constants instead of arrays, whose element types count as those of tensors do.

    Args:
        operands: nested graph values, arrays and numbers.
        graph: where constants go; that of a value among the operands by default, without which nothing changes.
    """
    values = leaves(operands, Value)
    if graph is None and not values:
        return operands
    place = values[0].graph if graph is None else graph

    def constant(item: Any) -> Any:
        return item if type(item) is _NUMBER else place.constant(item, item.dtype.name)

    return map_leaves(constant, operands, (numpy.ndarray, numpy.generic))


def of_one_type(operands: Any) -> Any:
    """Return operands in the element type that Keras computes with them in.

    Args:
        operands: nested graph values, arrays and numbers; a number counts as small as it can, so that 2 with whole
            numbers is one, and 0.5 makes floats of them.
    """
    operands = as_tensors(operands)
    values = leaves(operands, Value)
    dtypes = {value.dtype for value in values}
    numbers = leaves(operands, (int, float))
    if any(isinstance(number, float) for number in numbers) and not FLOATING.intersection(dtypes):
        dtypes.add(SETTINGS.floatx)
    if dtypes == {"bool"} and any(not isinstance(number, bool) for number in numbers):
        dtypes.add("int32")
    if len(dtypes) < 2:
        return operands
    common = result_type(*dtypes)
    return map_leaves(lambda value: ops.cast(value, common), operands, Value)


def as_values(x1: Any, x2: Any) -> tuple[Value, Value]:
    """Return two operands as graph values of the element type that Keras computes with them in; one may be a number."""
    x1, x2 = of_one_type((x1, x2))
    like = x1 if isinstance(x1, Value) else x2
    return as_value(x1, like.dtype, like.graph), as_value(x2, like.dtype, like.graph)
