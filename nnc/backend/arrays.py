"""Arrays as ``keras.backend`` made them in Keras 2, and what it said of tensors and weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod as product
from typing import Any

import numpy

from nnc import ops, random
from nnc.errors import ModelError
from nnc.layers import Variable
from nnc.ops.dispatch import is_in_graph
from nnc.settings import SETTINGS

__all__ = [
    "batch_get_value",
    "batch_set_value",
    "constant",
    "count_params",
    "dtype",
    "eval",
    "eye",
    "get_value",
    "int_shape",
    "ones",
    "ones_like",
    "random_normal",
    "random_uniform",
    "set_value",
    "truncated_normal",
    "zeros",
    "zeros_like",
]


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Any:
    """Return an array, or one of a shape that a number fills."""
    del name
    array = numpy.asarray(value, dtype or SETTINGS.floatx)
    return array if shape is None else numpy.broadcast_to(array.reshape(shape if array.ndim else ()), shape).copy()


def eye(size: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return a matrix with 1 on its diagonal."""
    del name
    rows, columns = size if isinstance(size, list | tuple) else (size, size)
    return ops.eye(rows, columns, dtype=dtype)


def ones(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return ones."""
    del name
    return ops.ones(shape, dtype or SETTINGS.floatx)


def ones_like(x: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return ones of the shape of x."""
    del name
    return ops.ones_like(x, dtype)


def zeros(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return zeros."""
    del name
    return ops.zeros(shape, dtype or SETTINGS.floatx)


def zeros_like(x: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return zeros of the shape of x."""
    del name
    return ops.zeros_like(x, dtype)


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return normal random numbers."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return random numbers between two, all alike probable."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return normal random numbers, none further than two standard deviations from the mean."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def dtype(x: Any) -> str:
    """Return the name of the element type."""
    found = x.dtype
    return str(getattr(found, "name", found))


def int_shape(x: Any) -> tuple[Any, ...]:
    """Return the shape, None where a length is not known."""
    return tuple(dim if dim is None else int(dim) if isinstance(dim, int | numpy.integer) else None for dim in x.shape)


def count_params(x: Any) -> int:
    """Return the number of elements."""
    return product(x.shape)


def eval(x: Any) -> Any:
    """Return the numbers of an array or a weight.

    Raises:
        ModelError: it is a value of a graph, which has none before it runs.
    """
    return get_value(x)


def get_value(x: Any) -> Any:
    """Return the numbers of an array or a weight.

    Raises:
        ModelError: it is a value of a graph, which has none before it runs.
    """
    if isinstance(x, Variable):
        return x.numpy()
    if is_in_graph(x):
        raise ModelError("a value of a graph has no numbers before it runs; make it an output of a model and predict")
    return numpy.asarray(x)


def set_value(x: Variable, value: Any) -> None:
    """Overwrite a weight."""
    x.assign(value)


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """Return the numbers of several weights."""
    return [get_value(item) for item in tensors]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Overwrite several weights, given with their values."""
    for variable, value in tuples:
        variable.assign(value)
