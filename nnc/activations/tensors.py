"""Activations of whatever stands for a tensor: graph values, arrays, and symbolic tensors between layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar, cast

from nnc.eager import computed
from nnc.ir import Placeholder, Value

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
_OPERATIONS = {"exponential": "Exp"}
"""Classes of `keras.ops` that are not named like their activations."""


def on_tensors(function: FunctionT) -> FunctionT:
    """Return a function of a graph value that takes arrays and symbolic tensors too.

    Args:
        function: an activation.
    """

    @wraps(function)
    def taking(x: Any, *settings: Any, **options: Any) -> Any:
        if isinstance(x, Value) or (isinstance(x, Placeholder) and x.has_value):
            return function(x, *settings, **options)
        if hasattr(x, "operate"):
            return _between_layers(taking, x, settings, options)
        return computed(lambda value: function(value, *settings, **options), x)

    return cast("FunctionT", taking)


def _between_layers(function: Callable[..., Any], x: Any, settings: Any, options: Any) -> Any:
    """Return the symbolic tensor of an activation: that of an operation, or of a layer where there is none."""
    bound = inspect.signature(function).bind(x, *settings, **options).arguments
    given = dict(list(bound.items())[1:])
    name = function.__name__
    operation = _OPERATIONS.get(name, "".join(part.capitalize() for part in name.split("_")))
    known = import_module("nnc.operations").OPERATIONS
    layers = import_module("nnc.layers")
    if name == "relu" and given:
        return layers.ReLU(given.get("max_value"), given.get("negative_slope", 0.0), given.get("threshold", 0.0))(x)
    if operation in known:
        return x.operate(operation, x, **given)
    return layers.Activation(function)(x)
