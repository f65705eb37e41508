"""What its author wrote in a layer of Keras's: functions in its arguments, and objects of classes of the author's."""

from __future__ import annotations

from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType
from typing import Any

from frontends.keras_layers import ACTIVATIONS
from nnc.identity import is_keras_module

OF_WEIGHTS = ("regularizer", "constraint")
"""Attributes of a weight that are functions of it."""


def is_authors(item: Any) -> bool:
    """Whether something is a function of its author's, or an object of a class of theirs."""
    if item is None or isinstance(item, str | BuiltinFunctionType):
        return False
    module = str(getattr(item if isinstance(item, FunctionType) else type(item), "__module__", None) or "")
    return not is_keras_module(module) and not module.startswith(("tensorflow.", "jax.", "torch."))


def own_activations(layer: Any) -> list[Any]:
    """Return the functions of an author's that are a layer's activations, or penalize what it computes."""
    found = [getattr(layer, key, None) for key in (*ACTIVATIONS, "activity_regularizer")]
    return [item for item in found if is_authors(item) and not hasattr(item, "_layers")]


def own_functions(layer: Any) -> Iterator[Any]:
    """Yield the functions of an author's that are arguments of a layer, but for those that make its first weights."""
    yield from own_activations(layer)
    for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
        found = (getattr(variable, key, None) for key in OF_WEIGHTS)
        yield from (item for item in found if is_authors(item))
