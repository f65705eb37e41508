"""What its author wrote in a layer of Keras's: functions in its arguments, and objects of classes of the author's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType
from typing import Any

from frontends.keras_layers import ACTIVATIONS
from frontends.live_objects import has_other_defaults
from nnc.identity import ObjectIdentity, is_keras_module

IsKnown = Callable[[ObjectIdentity], bool]

OF_WEIGHTS = ("regularizer", "constraint")
"""Attributes of a weight that are functions of it."""


def is_authors(item: Any) -> bool:
    """Whether something is a function of its author's, or an object of a class of theirs."""
    if item is None or isinstance(item, str | BuiltinFunctionType):
        return False
    module = str(getattr(item if isinstance(item, FunctionType) else type(item), "__module__", None) or "")
    return not is_keras_module(module) and not module.startswith(("tensorflow.", "jax.", "torch."))


def own_activations(layer: Any, is_known: IsKnown) -> list[Any]:
    """Return the functions of an author's that are a layer's activations, or penalize what it computes.

    Args:
        layer: the layer.
        is_known: whether the user has something for a class or function, which is then none of the author's.
    """
    found = [getattr(layer, key, None) for key in (*ACTIVATIONS, "activity_regularizer")]
    own = [item for item in found if (is_authors(item) or has_other_defaults(item)) and not hasattr(item, "_layers")]
    return [item for item in own if not is_known(_identity(item))]


def own_functions(layer: Any, is_known: IsKnown) -> Iterator[Any]:
    """Yield the functions of an author's that are arguments of a layer, but for those that make its first weights."""
    yield from own_activations(layer, is_known)
    for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
        found = (getattr(variable, key, None) for key in OF_WEIGHTS)
        yield from (item for item in found if is_authors(item) and not is_known(_identity(item)))


def _identity(item: Any) -> ObjectIdentity:
    is_function = isinstance(item, FunctionType)
    name = item.__name__ if is_function else type(item).__name__
    told = {"module": (item if is_function else type(item)).__module__, "class_name": name, "registered_name": None}
    if is_function:
        told |= {"class_name": "function", "config": name, "registered_name": "function"}
    found = ObjectIdentity.of(told)
    assert found is not None
    return found
