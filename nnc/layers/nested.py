"""Layers inside the configs of other layers, in Keras's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.errors import ModelError
from nnc.identity import ObjectIdentity
from nnc.layers.base import Layer
from nnc.layers.registry import known_classes, layer_class, layer_classes
from nnc.objects import split_config
from nnc.plugins import read_config

MODELS = ("Functional", "Model", "Sequential")
"""Classes of layers that are models."""


def layer_config(layer: Layer) -> dict[str, Any]:
    """Return a layer's config as other layers' configs hold it."""
    module, name, registered = layer.keras_class
    return {"module": module, "class_name": name, "config": layer.get_config(), "registered_name": registered}


def inner_layer(given: Any, where: str) -> Any:
    """Return a layer that is given as one, or as its config.

    Args:
        given: a layer, or what `layer_config` or Keras made of one, which may be a model; anything else is returned as
            it is.
        where: what it is for, for messages.

    Raises:
        ModelError: the config is malformed, or names no known layer.
    """
    if not isinstance(given, Mapping):
        return given
    return _made(*split_config(given, f"{where}: a layer"))


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer's config in Keras's form, with its class."""
    return layer_config(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer of a config of `serialize`, or of a class name; nothing is imported or executed.

    Args:
        config: a mapping with ``class_name`` and ``config``, or a name.
        custom_objects: the user's own classes by name.

    Raises:
        ModelError: the config is malformed, or names no known layer.
    """
    if not isinstance(config, str | Mapping):
        raise ModelError(f"a layer must be a name or a config, got {config!r:.80}")
    identity, arguments = split_config(config, "a layer")
    with known_classes(custom_objects):
        return _made(identity, arguments)


def _made(identity: ObjectIdentity, arguments: dict[str, Any]) -> Any:
    registered = layer_classes().registered_name(identity)
    if registered is None and not identity.is_keras:
        raise ModelError(f"{identity.refusal('layer')}; register a class with @nnc.layers.register")
    if registered is None and identity.name in MODELS:
        return read_config({"class_name": identity.name, "config": arguments})
    return layer_class(registered or identity.name).from_config(arguments)


def checked_layer(layer: Any, where: str, key: str = "layer") -> Layer:
    """Return a layer from a layer or its config.

    Raises:
        ModelError: it is neither.
    """
    found = inner_layer(layer, where)
    if not isinstance(found, Layer):
        raise ModelError(f"{where}: {key} must be a layer, got {found!r:.80}")
    return found
