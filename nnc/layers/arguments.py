"""Arguments that many layers have: initializers, regularizers, constraints and activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc import activations, constraints, initializers, regularizers
from nnc.errors import ModelError

_PACKAGES = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


def set_arguments(layer: Any, **given: Any) -> None:
    """Make objects of arguments such as ``kernel_regularizer="l2"`` and keep them as the layer's attributes.

    What an argument is, the last word of its name says: ``…activation``, ``…initializer``, ``…regularizer`` or
    ``…constraint``. ::

        set_arguments(self, kernel_initializer=kernel_initializer, kernel_regularizer=kernel_regularizer)
        …
        self.add_weight(shape, self.kernel_initializer, name="kernel", regularizer=self.kernel_regularizer)

    Args:
        layer: whose attributes they become.
        given: names, configs, objects or functions by the argument's name; None stays None (an activation becomes
            ``linear``).

    Raises:
        ModelError: a name is unknown, or an object is of the wrong kind.
    """
    for key, identifier in given.items():
        setattr(layer, key, _package(key).get(identifier))


def arguments_config(layer: Any, *keys: str) -> dict[str, Any]:
    """Return the configs of arguments that `set_arguments` kept, in this order; None stays None.

    Raises:
        ModelError: one of them is a function without a name to find it by.
    """
    config = {}
    for key in keys:
        item = getattr(layer, key)
        config[key] = None if item is None else _package(key).serialize(item)
    return config


def take_unsupported(where: str, options: dict[str, Any], keys: Sequence[str]) -> None:
    """Remove arguments that must be None from the options of a layer.

    Raises:
        ModelError: one of them is not.
    """
    for key in keys:
        if options.pop(key, None) is not None:
            raise ModelError(f"{where}: {key} is not supported; leave it out")


def _package(key: str) -> Any:
    return _PACKAGES[key.rpartition("_")[2]]
