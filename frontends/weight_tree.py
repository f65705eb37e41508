"""Weights in files of Keras 3, ``model.weights.h5``: groups nested like the layers, arrays numbered in each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from frontends.hdf5 import Group, StoredArray
from frontends.inner_groups import (
    attribute_layers,
    group_name,
    group_names,
    has_attributes,
    parts_by_path,
    storage_refusals,
)
from frontends.layer_order import layer_by_layer, layers_of
from frontends.legacy.weights import converted
from frontends.stored_weights import Assignment, listed, without_states
from nnc.layers import Layer, Variable
from nnc.layers.weights import archived_weights
from nnc.models import Model

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""Names of the group of a model's layers; the second is that of Keras 2.12."""
_STATES = ("seed_generator", "random_generator", "vars", "optimizer", "metrics")
_ORDER = (
    "cell",
    "cells",
    "layer",
    "forward_layer",
    "backward_layer",
    "query_dense",
    "key_dense",
    "value_dense",
    "output_dense",
)
"""The order of the groups in a layer's group whose arrays are weights of the layer itself here."""
_MAX_ARRAYS = 10_000


def is_tree(root: Group) -> bool:
    """Return whether a file is laid out like this."""
    return any(name in root for name in (*_CONTAINERS, "vars")) and root.texts("layer_names") is None


def assign_tree(assignment: Assignment, root: Group) -> None:
    """Take the arrays of a file for the weights of a model; that some do not fit is noted.

    Args:
        assignment: for the model.
        root: the file's root group.
    """
    walk = _Walk(assignment, {})
    for layer, reason in storage_refusals(assignment.model).items():
        assignment.refuse(layer, reason)
    walk.model(assignment.model, root)
    model = assignment.model
    for layer in [model] if has_attributes(model) else model.layers:
        walk.check_whole(layer)


def assign_layers(assignment: Assignment, layers: Sequence[Layer], container: Group | None) -> None:
    """Take the arrays of a group for layers in their order; that some do not fit is noted.

    Args:
        assignment: takes the arrays.
        layers: layers that are in no model.
        container: the group that has theirs, None where there is none.
    """
    walk = _Walk(assignment, {})
    groups = {} if container is None else container.groups()
    for layer, name in zip(layers, group_names([layer.keras_class[1] for layer in layers]), strict=True):
        for part, reason in storage_refusals(layer).items():
            assignment.refuse(part, reason)
        if name in groups:
            walk.layer(layer, groups[name])
        walk.check_whole(layer)


@dataclass
class _Walk:
    assignment: Assignment
    refused: dict[Layer, None]

    def __post_init__(self) -> None:
        self.outside: set[Layer] = set()
        self.met: set[Layer] = {self.assignment.model}

    def check_whole(self, layer: Layer) -> None:
        """Note it where a weight of a layer, or of one inside it, is not in the file."""
        weights = without_states(layer_by_layer(layer, self.assignment.known))
        missing = [weight for weight in weights if weight not in self.assignment.plan]
        if missing and layer not in self.refused:
            message = f"its weight '{missing[0].name}' of shape {missing[0].shape} is not in the file"
            self.assignment.refuse(layer, message)

    def model(self, model: Model, group: Group) -> None:
        if has_attributes(model):
            self._contents(model, group)
            return
        container = next((found for name in _CONTAINERS if (found := group.group(name)) is not None), None)
        if container is None:
            return
        groups = container.groups()
        named = self._by_attribute(model, groups)
        counts: dict[str, int] = {}
        done: set[Layer] = set()
        for class_name, layer in layers_of(model, self.assignment.known):
            if layer in done and self.assignment.origin.is_old:
                continue
            done.add(layer)
            name = group_name(class_name)
            number = counts.get(name, -1) + 1
            counts[name] = number
            found = named.get(layer) or groups.get(f"{name}_{number}" if number else name)
            if found is not None:
                self.layer(layer, found)

    def _by_attribute(self, model: Model, groups: Mapping[str, Group]) -> dict[Layer, Group]:
        """Return groups by the names of layers noted beside them, where all layers with weights have one."""
        if model in self.assignment.known:
            return {}
        names: dict[str, Group] = {}
        for group in groups.values():
            own = group.group("vars")
            name = own.text("name") if own is not None else None
            if name is not None:
                names[name] = group
        layers = [layer for layer in model.layers if layer.weights]
        return {layer: names[layer.name] for layer in layers} if all(layer.name in names for layer in layers) else {}

    def layer(self, layer: Layer, group: Group) -> None:
        if isinstance(layer, Model):
            self.model(layer, group)
            return
        self._contents(layer, group)

    def _contents(self, layer: Layer, group: Group) -> None:
        """Take the arrays of a layer and of the layers inside it."""
        if self._structural(layer, group):
            return
        weights = layer_by_layer(layer, self.assignment.known)
        arrays = list(_arrays(group))
        self._take(layer, weights, arrays)

    def _structural(self, layer: Layer, group: Group) -> bool:
        """Take arrays where the layers inside the layer are those of Keras; return whether they are."""
        own, inner = numbered(group.group("vars")), self._inner(layer)
        parts = {name: _group_of(group, name) for name, part in inner.items() if part.weights}
        if any(weight.is_state for weight in layer.own_weights):
            return False
        if len(own) != len(layer.own_weights) or (not own and not parts) or not all(parts.values()):
            return False
        self._take(layer, archived_weights(layer), own)
        for name, part in parts.items():
            if part is not None:
                self.layer(inner[name], part)
        return True

    def _inner(self, layer: Layer) -> dict[str, Layer]:
        """Return the layers inside a layer by their paths, each once in the file."""
        if not has_attributes(layer):
            return parts_by_path(layer, self.outside)
        found: dict[Layer, str] = {}
        for path, part in attribute_layers(layer):
            if part not in self.met:
                found.setdefault(part, path)
        self.met.update(found)
        return {path: part for part, path in found.items()}

    def _take(self, layer: Layer, weights: list[Variable], arrays: list[StoredArray]) -> None:
        shapes = [array.shape for array in arrays]
        rest = without_states(weights)
        if len(arrays) == len(rest):
            weights = rest
        elif len(arrays) == len(weights):  # the states lie before the weights, which are those of a cell in Keras
            weights = [weight for weight in weights if weight.is_state] + rest
        ways = converted([weight.shape for weight in weights], [weight.name for weight in weights], shapes)
        if ways is None and len(arrays) == len(weights) + 1 and shapes[-1] == ():  # the count of Normalization
            arrays, shapes = arrays[:-1], shapes[:-1]
            ways = converted([weight.shape for weight in weights], [weight.name for weight in weights], shapes)
        if ways is None:
            self.refused[layer] = None
            expected = [weight.shape for weight in weights]
            message = f"its weights have the shapes {listed(shapes)} in the file, expected {listed(expected)}"
            self.assignment.refuse(layer, message)
            return
        for weight, array, way in zip(weights, arrays, ways, strict=True):
            self.assignment.plan[weight] = array, way


def _group_of(group: Group, path: str) -> Group | None:
    """Return the group of an attribute; Keras's public and private names for it are the same here."""
    attribute, slash, rest = path.partition("/")
    plain = attribute.lstrip("_")
    for name in dict.fromkeys((attribute, plain, f"_{plain}")):
        found = group.group(name + slash + rest)
        if found is not None:
            return found
    return None


def numbered(group: Group | None) -> list[StoredArray]:
    """Return the arrays ``0``, ``1``, … of a group."""
    found: list[StoredArray] = []
    while group is not None and len(found) < _MAX_ARRAYS:
        array = group.array(str(len(found)))
        if array is None:
            break
        found.append(array)
    return found


def _arrays(group: Group) -> Iterator[StoredArray]:
    """Give all arrays in a layer's group, those of inner groups in Keras's order."""
    yield from numbered(group.group("vars"))
    inner = {name: found for name, found in group.groups().items() if name.lstrip("_") not in _STATES}
    known = {name: index for index, name in enumerate(_ORDER)}
    for name in sorted(inner, key=lambda name: (known.get(name.lstrip("_"), len(known)), _natural(name))):
        yield from _arrays(inner[name])


def _natural(name: str) -> tuple[str, int]:
    found = re.fullmatch(r"(.*?)_?(\d{0,9})", name)
    return (found[1], int(found[2] or 0)) if found else (name, 0)
