"""Keras's optimizers by name, and the way between optimizers and their configs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nnc.objects import Registry
from nnc.optimizers import schedules
from nnc.optimizers.optimizer import Optimizer

OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(Optimizer.registered)
"""Optimizers by name in lower case; upper case makes no difference."""


class _Optimizers(Registry[Optimizer]):
    def find(self, name: str) -> type[Optimizer] | None:
        return OPTIMIZERS.get(name.lower())

    def deserialize(
        self, config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Optimizer:
        arguments = config.get("config") if isinstance(config, Mapping) else None
        rate = arguments.get("learning_rate") if isinstance(arguments, Mapping) else None
        if isinstance(config, Mapping) and isinstance(arguments, Mapping) and isinstance(rate, Mapping):
            arguments = {**arguments, "learning_rate": schedules.deserialize(rate, custom_objects)}
            config = {**config, "config": arguments}
        return super().deserialize(config, custom_objects)


_REGISTRY = _Optimizers("optimizer", Optimizer, OPTIMIZERS, "keras.optimizers", "an Optimizer")
as_optimizer = _REGISTRY.get
"""Returns the optimizer that a name, a config or a class means in `compile`."""
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return an optimizer, or None for None; see `Registry.get`.

    Args:
        identifier: a name, a config of `serialize`, an `Optimizer` or a subclass of it, or None.
        custom_objects: the user's own optimizers by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    return None if identifier is None else as_optimizer(identifier, custom_objects)
