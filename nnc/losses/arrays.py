"""Graph code applied to arrays at once, for losses and metrics that are used without a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import numpy

from nnc.arrays import check_whole, to_array
from nnc.eager_tensor import eager
from nnc.ir import Graph, Placeholder, TensorType, Value, interpret
from nnc.settings import SETTINGS

Array = Any
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class ArrayFunction:
    """A function of graph values that takes arrays; its graphs are kept, one per combination of types.

    Args:
        function: called with a value per array, by name; returns values.
        dtype: element type of floating-point arrays; whole numbers become int32, truth values stay.
    """

    def __init__(self, function: Callable[..., Sequence[Value]], dtype: str) -> None:
        self.function = function
        self.dtype = dtype
        self._graphs: dict[Any, Graph] = {}

    def __call__(self, given: Mapping[str, Any]) -> list[Array]:
        """Return an array per value; arguments that are None are left out.

        Raises:
            NncError: the arrays do not suit the function.
        """
        arrays = {name: self._converted(name, item) for name, item in given.items() if item is not None}
        key = SETTINGS.epsilon, *((name, array.shape, str(array.dtype)) for name, array in arrays.items())
        if key not in self._graphs:
            graph = Graph("arrays")
            inputs = {name: graph.input(name, TensorType(str(item.dtype), item.shape)) for name, item in arrays.items()}
            for number, value in enumerate(self.function(**inputs)):
                graph.output(f"result.{number}", value)
            self._graphs[key] = graph
        with numpy.errstate(all="ignore"):
            outputs, _ = interpret(self._graphs[key], arrays)
        return list(outputs.values())

    def _converted(self, name: str, given: Any) -> Array:
        array = to_array(given, name)
        if array.dtype.kind in "iu":
            check_whole(array, "int32", name)
        return array.astype({"f": self.dtype, "b": "bool"}.get(array.dtype.kind, "int32"))


def takes_arrays(function: FunctionT) -> FunctionT:
    """Let a function of targets and output, graph values, take arrays too, of which it computes at once.

    Args:
        function: returns a value, or something that has it as `values`.
    """

    @wraps(function)
    def taking(y_true: Any, y_pred: Any, *settings: Any, **options: Any) -> Any:
        operands = [item.value if isinstance(item, Placeholder) else item for item in (y_true, y_pred)]
        known = next((item for item in operands if isinstance(item, Value)), None)
        if known is not None:
            graph = known.graph
            entered = [item if isinstance(item, Value) else graph.of_array(_as_given(item)) for item in operands]
            return function(*entered, *settings, **options)

        arrays = {key: item for key, item in options.items() if isinstance(item, numpy.ndarray)}

        def computed(first: Value, second: Value, **values: Value) -> list[Value]:
            found = function(first, second, *settings, **(options | values))
            return [getattr(found, "values", found)]

        given = {"first": operands[0], "second": as_floating(operands[1]), **arrays}
        (array,) = ArrayFunction(computed, SETTINGS.floatx)(given)
        return eager(array)

    return cast("FunctionT", taking)


def _as_given(item: Any) -> Array:
    array = to_array(item, "the array")
    return array.astype("float32") if array.dtype == numpy.float64 else array


def as_floating(given: Any) -> Array:
    """Return an array of floating-point numbers."""
    array = to_array(given, "the array")
    return array if array.dtype.kind == "f" else array.astype(float)
