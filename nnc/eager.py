"""Functions of graph values that take arrays too, for which they compute at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy

from nnc.eager_tensor import eager
from nnc.ir import Graph, Placeholder, TensorType, Value, interpret
from nnc.settings import SETTINGS
from nnc.structure import leaves, map_leaves

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Array = Any


def computed(function: Callable[[Value], Any], x: Any) -> Any:
    """Return what a function of a graph value makes of an array.

    Args:
        function: the function.
        x: the array, or a number, a list of numbers, or a weight.

    Raises:
        NncError: the array does not suit the function.
    """
    return computed_from(function, _as_array(x))


def computed_from(function: Callable[..., Any], *operands: Any) -> Any:
    """Return what a function of graph values makes of nested arrays, nested as it returns it.

    Args:
        function: the function.
        operands: its arguments; what is no array stays.

    Raises:
        NncError: the arrays do not suit the function.
    """
    graph = Graph("arrays")
    arrays: dict[str, Array] = {}

    def enter(array: Array) -> Value:
        label = f"x{len(arrays)}"
        arrays[label] = array
        return graph.input(label, TensorType(array.dtype.name, array.shape))

    found = function(*map_leaves(enter, operands, numpy.ndarray))
    results = {value: f"y{number}" for number, value in enumerate(dict.fromkeys(leaves(found, Value)))}
    for value, label in results.items():
        graph.output(label, value)
    with numpy.errstate(all="ignore"):
        outputs, _ = interpret(graph, arrays)
    return map_leaves(lambda value: eager(numpy.asarray(outputs[results[value]])), found, Value)


def method_on_arrays(method: FunctionT) -> FunctionT:
    """Return a method of a graph value that computes at once where it is given an array.

    Args:
        method: the method.
    """

    @wraps(method)
    def taking(self: Any, x: Any, *settings: Any, **options: Any) -> Any:
        if isinstance(x, Value | Placeholder) and getattr(x, "has_value", True):
            return method(self, x, *settings, **options)
        return computed(lambda value: method(self, value, *settings, **options), x)

    return cast("FunctionT", taking)


def _as_array(x: Any) -> Array:
    if isinstance(x, Placeholder):
        return numpy.asarray(x)
    array = numpy.asarray(x)
    if isinstance(x, numpy.ndarray | numpy.generic) or array.dtype == bool:
        return array
    return array.astype(SETTINGS.floatx if array.dtype.kind == "f" else "int32")
