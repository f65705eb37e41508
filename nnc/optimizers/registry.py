"""Keras's optimizers by name, and the way between optimizers and their configs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nnc.errors import ModelError, nearest
from nnc.optimizers.adam import Adam, AdamW
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.rmsprop import RMSprop
from nnc.optimizers.sgd import SGD

OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD}
)
"""Optimizers by name in lower case; upper case makes no difference."""


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """Return an optimizer.

    Args:
        identifier: a name, a config of `serialize`, an `Optimizer` or a subclass of it.
        custom_objects: the user's own optimizers by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier, custom_objects)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier.from_config({})
    raise ModelError(f"an optimizer must be a name, a config or an Optimizer, got {identifier!r}")


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return the optimizer's config in Keras's form."""
    cls = type(optimizer)
    known = OPTIMIZERS.get(cls.__name__.lower()) is cls
    return {
        "module": "keras.optimizers" if known else cls.__module__,
        "class_name": cls.__name__,
        "config": optimizer.get_config(),
        "registered_name": None if known else cls.__name__,
    }


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """Return the optimizer of a name or of a config of `serialize`; nothing is imported or executed.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        custom_objects: the user's own optimizers by name.

    Raises:
        ModelError: the name or an argument is unknown, or the config is malformed.
    """
    arguments: Any = {}
    name: Any = config
    if not isinstance(config, str):
        name, arguments = config.get("class_name"), config.get("config")
        arguments = {} if arguments is None else arguments
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise ModelError(f"an optimizer's config needs 'class_name' and 'config', got {dict(config)}")
    own = dict(custom_objects or {})
    found: object = own.get(name, OPTIMIZERS.get(name.lower()))
    if found is None:
        known = ", ".join(sorted([*OPTIMIZERS, *own]))
        raise ModelError(f"unknown optimizer '{name}'; known are {known}.{nearest(name, [*OPTIMIZERS, *own])}")
    if isinstance(found, type) and issubclass(found, Optimizer):
        return found.from_config(arguments)
    if isinstance(found, Optimizer) and not arguments:
        return found
    raise ModelError(f"optimizer '{name}' must be an Optimizer, got {found!r} with config {dict(arguments)}")
