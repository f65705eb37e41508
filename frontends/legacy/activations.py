"""Activations of older files: words whose meaning has changed, and layers instead of functions."""

from __future__ import annotations

from frontends.authors import identity_of
from frontends.legacy.entry import Entry
from frontends.nodes import Mapping, Scalar, ValueNode
from frontends.origin import Origin

_KEYS = ("activation", "recurrent_activation")
_LAYERS = ("ELU", "LeakyReLU", "ReLU", "Softmax")
"""Layers that files name where an activation is expected."""
_LAYER_ARGUMENTS = ("name", "trainable", "dtype", "batch_input_shape")

OLD_MEANINGS: dict[str, str] = {"hard_sigmoid": "hard_sigmoid_keras_2", "softmax_v2": "softmax"}
"""Names of other functions in Keras 1 and 2: the hard sigmoid was clip(0.2 x + 0.5, 0, 1)."""


def old_activations(entry: Entry) -> None:
    """Replace the activations of a layer by those of today with the same meaning."""
    for key in _KEYS:
        if key in entry.arguments:
            entry.arguments[key] = _today(entry.arguments[key], entry.origin)


def _today(node: ValueNode, origin: Origin) -> ValueNode:
    if isinstance(node, Mapping):
        name, config = node.text("class_name"), node.entries.get("config")
        identity = identity_of(node)
        if identity is None or not identity.is_keras:
            return node
        if name == "function" and isinstance(config, Scalar):
            return _today(config, origin)
        if name == "Activation" and isinstance(config, Mapping) and "activation" in config.entries:
            return _today(config.entries["activation"], origin)
        if name in _LAYERS and isinstance(config, Mapping):
            kept = {key: item for key, item in config.entries.items() if key not in _LAYER_ARGUMENTS}
            if name == "LeakyReLU" and "alpha" in kept:
                kept["negative_slope"] = kept.pop("alpha")
            entries = {
                "class_name": Scalar(line=node.line, value=name),
                "config": Mapping(line=node.line, entries=kept),
            }
            return Mapping(line=node.line, entries=entries)
        return node
    if isinstance(node, Scalar) and origin.is_old and isinstance(node.value, str):
        name = node.value.rpartition(".")[2]
        return Scalar(line=node.line, value=OLD_MEANINGS.get(name, name), text=node.text, quoted=node.quoted)
    return node
