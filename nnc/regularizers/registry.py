"""Keras's regularizers by name, and the way between regularizers and their configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, overload

from nnc.ir import Value
from nnc.objects import CallableRegistry
from nnc.regularizers.regularizer import Regularizer

RegularizerFunction = Callable[[Value], Value]
"""A `Regularizer` or a function that returns the penalty of a weight, a scalar."""

REGULARIZERS: Mapping[str, type[Regularizer]] = MappingProxyType(Regularizer.registered)
"""Every name that ``keras.regularizers.get`` knows, but for the base class, and ``l1_l2`` of Keras 2."""

_REGISTRY = CallableRegistry[RegularizerFunction](
    "regularizer", Regularizer, REGULARIZERS, "keras.regularizers", "a Regularizer or a function"
)
serialize = _REGISTRY.serialize_optional
deserialize = _REGISTRY.deserialize


@overload
def get(identifier: None, custom_objects: Mapping[str, Any] | None = None) -> None: ...
@overload
def get(identifier: object, custom_objects: Mapping[str, Any] | None = None) -> RegularizerFunction | None: ...
def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> RegularizerFunction | None:
    """Return a regularizer; None stays None.

    Args:
        identifier: a name, a config of `serialize`, a `Regularizer` or a subclass of it, or a function of a weight.
        custom_objects: the user's own regularizers by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    return None if identifier is None else _REGISTRY.get(identifier, custom_objects)
