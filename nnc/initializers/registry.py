"""Keras's initializers by name, and the way between initializers and their configs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, overload

import numpy

from nnc.initializers.initializer import FunctionInitializer, Initializer, takes_generator
from nnc.objects import Registry, function_config, is_function

INITIALIZERS: Mapping[str, type[Initializer]] = MappingProxyType(Initializer.registered)
"""Every name that ``keras.initializers.get`` knows, but for the base class and ``STFT``."""


class _Initializers(Registry[Initializer]):
    def adapt(self, item: Any) -> Initializer | None:
        if isinstance(item, numpy.ndarray):
            return FunctionInitializer(lambda shape, dtype: item)
        if isinstance(item, Initializer) and takes_generator(item):
            return item
        return FunctionInitializer(item) if is_function(item) else None

    def serialize(self, item: Initializer) -> dict[str, Any]:
        if not isinstance(item, FunctionInitializer):
            return super().serialize(item)
        function = item.function
        if isinstance(function, Initializer):
            return super().serialize(function)
        return function_config(function, f"initializer {function!r}", self.find)


_REGISTRY = _Initializers(
    "initializer", Initializer, INITIALIZERS, "keras.initializers", "an Initializer, an array or a function"
)
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize


@overload
def get(identifier: None, custom_objects: Mapping[str, Any] | None = None) -> None: ...
@overload
def get(identifier: object, custom_objects: Mapping[str, Any] | None = None) -> Initializer: ...
def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Initializer | None:
    """Return an initializer; None stays None.

    Args:
        identifier: a name, a config of `serialize`, an `Initializer` or a subclass of it, an array, or a function of
            shape and dtype (and generator).
        custom_objects: the user's own initializers by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    return None if identifier is None else _REGISTRY.get(identifier, custom_objects)
