"""What is inside a layer, layers and optimizers, under the names that their groups have in Keras's files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from nnc.identity import is_own
from nnc.layers import Layer
from nnc.layers.weights import layers_inside
from nnc.models import Model
from nnc.optimizers import Optimizer

_ACTIVATIONS = ("activation", "recurrent_activation")
_CLASSES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Names of classes in Keras's code, which files show, where they differ from the public ones."""

_STORAGE = ("save_own_variables", "load_own_variables", "save_assets", "load_assets")
"""Methods by which a class says in Keras what files have of its layers."""


def storage_refusals(layer: Layer) -> dict[Layer, str]:
    """Return the layers inside a layer, and itself, that say what files have of them, with why nnc refuses that.

    Args:
        layer: the layer or model.
    """
    found: dict[Layer, str] = {}
    for item in layers_inside(layer):
        cls = type(item)
        own = [name for name in _STORAGE if hasattr(cls, name) and not is_own(getattr(cls, name))]
        if own:
            found[item] = (
                f"its class has {' and '.join(own)} of its own, which nnc does not call for files of Keras's: keep what"
                " it saves in weights (add_weight) or in get_config, or save the model as .nnc"
            )
    return found


def has_attributes(layer: Layer) -> bool:
    """Return whether Keras finds the layers inside a layer by its attributes: it is no layer or model of Keras's."""
    return layer.is_authored if isinstance(layer, Model) else not is_own(type(layer))


def attribute_layers(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Give the layers among a layer's attributes in Keras's order, each with its path below the layer's group.

    Public names come before private ones, each kind sorted; what is in lists, tuples and dictionaries has its class's
    name, and a number. A model also has its ``layers``. A layer that is met again is given again: it has its arrays in
    the group where it was met first.

    Args:
        layer: the layer or model.
    """
    yield from _attributes(layer, Layer, {"layers": layer.layers} if isinstance(layer, Model) else {})


def attribute_optimizers(model: Model) -> dict[Optimizer, str]:
    """Return that of `compile` and all other optimizers among a model's attributes, with the paths of their groups.

    One that is met again, in the order of `attribute_layers`, has its group where it was met first.

    Args:
        model: the model.
    """
    found: dict[Optimizer, str] = {}
    for path, optimizer in _attributes(model, Optimizer, {"optimizer": model.optimizer} if model.compiled else {}):
        found.setdefault(optimizer, path)
    return found


def _attributes(layer: Layer, kind: type[Any], further: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the objects of a kind among a layer's attributes, and further ones."""
    found = {name: value for name, value in vars(layer).items() if name not in _hidden(isinstance(layer, Model))}
    found |= {name: _read(layer, name) for name in _properties(layer)} | further
    for name in sorted(found, key=lambda name: f"~{name}" if name.startswith("_") else name):
        if isinstance(found[name], kind):
            yield name, found[name]
        else:
            yield from _contained(found[name], kind, name, set())


def _contained(value: Any, kind: type[Any], path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Give what is in a container, and in those in it; one that is met again, as in itself, is empty there."""
    if not isinstance(value, list | tuple | Mapping) or id(value) in seen:
        return
    seen.add(id(value))
    counts: dict[str, int] = {}
    for item in value.values() if isinstance(value, Mapping) else value:
        is_found = isinstance(item, kind)
        if not is_found and not isinstance(item, list | tuple | Mapping):
            continue
        name = group_name(type(item).__name__) if is_found else "container"
        number = counts.get(name, -1) + 1
        counts[name] = number
        inside = f"{path}/{name}_{number}" if number else f"{path}/{name}"
        if is_found:
            yield inside, item
        else:
            yield from _contained(item, kind, inside, seen)


@cache
def _hidden(is_model: bool) -> frozenset[str]:
    """Return the names of attributes that every layer, or every model, has."""
    return frozenset(vars(Model() if is_model else Layer()))


def _read(layer: Layer, name: str) -> Any:
    """Return what a property of a user's class returns, None where it has nothing yet."""
    try:
        return getattr(layer, name)
    except Exception:  # which Keras passes over, too
        return None


def _properties(layer: Layer) -> list[str]:
    """Return the names of properties that the author of a layer's class has defined."""
    classes = [item for item in type(layer).__mro__ if item is not object and not is_own(item)]
    return [name for item in classes for name, value in vars(item).items() if isinstance(value, property)]


def parts_by_path(layer: Layer, outside: set[Layer]) -> dict[str, Layer]:
    """Return the layers inside a layer by the paths that their groups have below that of the layer.

    Args:
        layer: the layer.
        outside: activations of cells, which lie in the group around these; those of the layer's own cell are added.
    """
    found = {path: part for path, part in _parts(layer).items() if part not in outside}
    for key in _ACTIVATIONS if "cell" in found else ():
        activation = getattr(layer, key, None)
        if isinstance(activation, Layer):
            outside.add(activation)
            found[key] = activation
    return found


def _parts(layer: Layer) -> dict[str, Layer]:
    found: dict[str, Layer] = {}
    for attribute, value in vars(layer).items():
        if isinstance(value, Layer):
            found.setdefault(attribute, value)
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Layer) for item in value):
            counts: dict[str, int] = {}
            for item in value:
                name = group_name(type(item).__name__)
                counts[name] = counts.get(name, -1) + 1
                found[f"{attribute}/{name}_{counts[name]}" if counts[name] else f"{attribute}/{name}"] = item
    return {path: item for path, item in found.items() if item is not layer}


def group_names(class_names: Iterable[str]) -> list[str]:
    """Return the names of the groups of layers in their order, those of one class numbered.

    >>> group_names(["Dense", "LSTM", "Dense"])
    ['dense', 'lstm', 'dense_1']
    """
    counts: dict[str, int] = {}
    found = []
    for class_name in class_names:
        name = group_name(class_name)
        number = counts[name] = counts.get(name, -1) + 1
        found.append(f"{name}_{number}" if number else name)
    return found


def group_name(class_name: str) -> str:
    """Return the name of the first group for layers of a class.

    >>> group_name("Conv2DTranspose"), group_name("LSTM"), group_name("BatchNormalization")
    ('conv2d_transpose', 'lstm', 'batch_normalization')
    """
    class_name = _CLASSES.get(class_name, class_name)
    name = re.sub(r"\W+", "", class_name.rpartition(">")[2])
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
