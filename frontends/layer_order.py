"""The order in which Keras counts the layers of a model and their weights, which files rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frontends.wiring import Definition
from nnc.layers import Layer, Variable
from nnc.layers.weights import layers_inside
from nnc.models import Model, Sequential

Definitions = Mapping[Model, Definition]
"""Definitions of each model in a file, the outermost and those in it; empty without a file."""


def definitions(model: Model, definition: Definition) -> dict[Model, Definition]:
    """Return the definitions of a model and of the models in it."""
    found = {model: definition}
    for layer in definition.layers:
        for item in (layer, *layer.inner):
            if isinstance(item.layer, Model) and item.definition is not None:
                found |= definitions(item.layer, item.definition)
    return found


def layers_of(model: Model, known: Definitions) -> list[tuple[str, Layer]]:
    """Return the layers of a model with the names of their classes, as Keras counts them.

    Args:
        model: the model.
        known: what files say; a model without a definition has the order that Keras would give it.
    """
    definition = known.get(model)
    if definition is not None:
        found = [(layer.class_name, layer.layer) for layer in definition.layers if layer.layer is not None]
        # a registered name is none of a class, by which groups in files are called
        return [(_class_name(layer) if ">" in name else name, layer) for name, layer in found]
    if model.is_authored:
        return [(_class_name(layer), layer) for layer in model.sublayers]
    if isinstance(model, Sequential):
        first = [call.layer for call in model.calls[:1]]
        return [(_class_name(layer), layer) for layer in dict.fromkeys([*first, *model.layers])]
    return [(_class_name(layer), layer) for layer in by_depth(model)]


def by_depth(model: Model) -> list[Layer]:
    """Return a functional model's layers by their distance from the outputs, the farthest first, as Keras does."""
    met: dict[Layer, int] = {}
    done: set[Any] = set()
    stack = [tensor.call for tensor in reversed(model.outputs)]
    while stack:
        call = stack.pop()
        if call is not None and call not in done:
            done.add(call)
            met.setdefault(call.layer, len(met))
            stack += [tensor.call for tensor in reversed(call.inputs)]
    depth: dict[Any, int] = {}
    layers: dict[Layer, int] = {}
    for call in reversed(model.calls):
        depth[call] = layers[call.layer] = max(depth.get(call, 0), layers.get(call.layer, 0))
        for tensor in call.inputs:
            if tensor.call is not None:
                depth[tensor.call] = max(depth.get(tensor.call, 0), depth[call] + 1)
    return sorted(layers, key=lambda layer: (-layers[layer], met.get(layer, -1)))


def _class_name(layer: Layer) -> str:
    if isinstance(layer, Model) and not isinstance(layer, Sequential) and not layer.is_authored:
        return "Functional"
    return type(layer).__name__


def inner_layers(layer: Layer, known: Definitions) -> list[Layer]:
    """Return the layers in a layer, as Keras counts them."""
    if isinstance(layer, Model):
        return [inner for _, inner in layers_of(layer, known)]
    return list(layer.sublayers)


def saved_order(layer: Layer, known: Definitions) -> list[Variable]:
    """Return the weights of a layer in the order of HDF5 files: all trainable ones, then all others."""
    return list(dict.fromkeys([*_trained(layer, known), *_not_trained(layer, known)]))


def _trained(layer: Layer, known: Definitions) -> list[Variable]:
    layers = layers_inside(layer, lambda item: item.trainable, lambda item: inner_layers(item, known))
    return [weight for item in layers for weight in item.own_weights if weight.trainable]


def _not_trained(layer: Layer, known: Definitions) -> list[Variable]:
    own = [weight for weight in layer.own_weights if not weight.trainable]
    if layer.trainable:
        return [*own, *(weight for part in inner_layers(layer, known) for weight in _not_trained(part, known))]
    trained = [weight for weight in layer.own_weights if weight.trainable]
    return [*trained, *own, *(weight for part in inner_layers(layer, known) for weight in saved_order(part, known))]


def by_kind(layer: Layer, known: Definitions) -> list[Variable]:
    """Return the weights of a layer as if nothing were frozen: those made for training, then all others."""
    found = list(dict.fromkeys(_all(layer, known)))
    return [weight for weight in found if weight.trainable] + [weight for weight in found if not weight.trainable]


def layer_by_layer(layer: Layer, known: Definitions) -> list[Variable]:
    """Return the weights of a layer, those of each inner layer together."""
    return list(dict.fromkeys(_all(layer, known)))


def _all(layer: Layer, known: Definitions) -> Iterator[Variable]:
    for item in layers_inside(layer, inner=lambda item: inner_layers(item, known)):
        yield from sorted(item.own_weights, key=lambda weight: not weight.trainable)


def trained_weights(model: Model, known: Definitions) -> list[Variable]:
    """Return the weights that an optimizer of Keras knows, in its order."""
    return list(dict.fromkeys(_trained(model, known)))
