"""Weights in HDF5 files of Keras 2, which later versions write as well: a group for each layer, its arrays in order."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontends.hdf5 import Group, StoredArray
from frontends.keras_calls import safe_name
from frontends.layer_order import Definitions, by_kind, layer_by_layer, layers_of, saved_order
from frontends.legacy.weights import convert, converted, flipped
from frontends.origin import Origin
from frontends.problems import Problems, layer_subject
from nnc.errors import nearest
from nnc.layers import Layer, Variable
from nnc.models import Model

Array = Any
MAX_LAYERS = 10_000
_MAX_WEIGHTS = 100_000
_RENORM = ("moving_stddev", "renorm_mean", "renorm_stddev", "renorm_mean_weight", "renorm_stddev_weight")
_NOT_WEIGHTS = ("StateVar", "seed_generator_state", "count", *_RENORM)
"""Last parts of names of arrays that are not weights here: of random numbers, of counters, of training with renorm."""


@dataclass(frozen=True)
class StoredLayer:
    """The arrays of one layer.

    Args:
        name: the layer's name.
        names: the arrays' names.
        arrays: the arrays.
    """

    name: str
    names: tuple[str, ...]
    arrays: tuple[StoredArray, ...]


def stored_layers(root: Group, problems: Problems) -> list[StoredLayer] | None:
    """Return the layers of a file that have weights, None where it is laid out otherwise.

    Args:
        root: the group with ``layer_names``.
        problems: where it is noted that arrays are missing.
    """
    names = root.texts("layer_names")
    if names is None:
        return None
    if len(names) > MAX_LAYERS:
        problems.stop(f"the file has {len(names)} layers; at most {MAX_LAYERS} can be read")
    found: list[StoredLayer] = []
    count = 0
    for name in names:
        group = root.group(name)
        if group is None:
            problems.add("its group is missing in the file", subject=f"weights of layer '{name:.80}'")
            continue
        labels = group.texts("weight_names") or []
        count += len(labels)
        if count > _MAX_WEIGHTS:
            problems.stop(f"the file has more than {_MAX_WEIGHTS:,} weights")
        arrays = [(label, group.array(label)) for label in labels]
        missing = [label for label, array in arrays if array is None]
        if missing:
            problems.add(f"'{missing[0]:.80}' is missing in the file", subject=f"weights of layer '{name:.80}'")
        if labels and not missing:
            found.append(StoredLayer(name, tuple(labels), tuple(array for _, array in arrays if array is not None)))
    return found


@dataclass
class Assignment:
    """Arrays for the weights of a model, which are written only when all have been found.

    Args:
        model: the model.
        origin: which Keras wrote the file.
        problems: where it is noted what does not fit.
        known: what the file says about the models in it.
        skips: whether layers that do not fit are left as they are, with a warning.
    """

    model: Model
    origin: Origin
    problems: Problems
    known: Definitions
    skips: bool = False

    def __post_init__(self) -> None:
        self.plan: dict[Variable, tuple[StoredArray, str]] = {}

    def layer(self, layer: Layer, stored: StoredLayer) -> None:
        """Take the arrays of one layer; that they do not fit is noted."""
        names, arrays = _without_counters(layer, stored, self.known)
        shapes = [array.shape for array in arrays]
        tails = [name.rpartition("/")[2].partition(":")[0] for name in names]
        best: tuple[int, list[Variable], list[str]] | None = None
        orders = [order(layer, self.known) for order in (saved_order, by_kind, layer_by_layer)]
        for weights in (*orders, without_states(orders[0])):
            ways = converted([weight.shape for weight in weights], [weight.name for weight in weights], shapes)
            if ways is None:
                continue
            agreeing = sum(weight.name == tail for weight, tail in zip(weights, tails, strict=True))
            if best is None or agreeing > best[0]:
                best = agreeing, weights, ways
        if best is None:
            expected = [weight.shape for weight in saved_order(layer, self.known)]
            self.refuse(layer, f"its weights have the shapes {listed(shapes)} in the file, expected {listed(expected)}")
            return
        for weight, array, way in zip(best[1], arrays, best[2], strict=True):
            self.plan[weight] = array, way

    def refuse(self, layer: Layer, message: str) -> None:
        """Note that the weights of a layer do not fit."""
        subject = layer_subject(layer.name, type(layer).__name__)
        if self.skips:
            warnings.warn(f"{self.problems.place}: {subject}: {message}; it stays as it is", stacklevel=5)
        else:
            self.problems.add(message, subject=subject)

    def carry_out(self) -> None:
        """Write the weights.

        Raises:
            ModelFileError: something does not fit; nothing is written then.
        """
        if self.problems:
            raise self.problems.error()
        read: list[tuple[Variable, Array]] = []
        for weight, (array, way) in self.plan.items():
            value = convert(array.read(), way, weight.shape)
            if self.origin.is_old and self.origin.backend == "theano":
                value = flipped(value, type(weight.owner).__name__, weight.name)
            read.append((weight, weight.checked(value)))
        for weight, value in read:
            weight.assign(value)


def _without_counters(
    layer: Layer, stored: StoredLayer, known: Definitions
) -> tuple[Sequence[str], Sequence[StoredArray]]:
    """Leave out arrays that are not weights here, where there are more than the layer has."""
    weights = saved_order(layer, known)
    if len(stored.arrays) <= len(weights):
        return stored.names, stored.arrays
    left_out = set(_NOT_WEIGHTS) - {weight.name for weight in weights}
    pairs = [
        (name, array)
        for name, array in zip(stored.names, stored.arrays, strict=True)
        if name.rpartition("/")[2].partition(":")[0].rstrip("_0123456789") not in left_out
    ]
    return [name for name, _ in pairs], [array for _, array in pairs]


def assign_by_order(assignment: Assignment, stored: Sequence[StoredLayer]) -> None:
    """Take the arrays of the file's layers for the model's, by their names, or else one after the other."""
    layers = [layer for _, layer in layers_of(assignment.model, assignment.known) if layer.weights]
    layers = list(dict.fromkeys(layers))
    by_name = {safe_name(item.name): item for item in stored}
    if all(layer.name in by_name for layer in layers) and len(by_name) == len(stored) == len(layers):
        pairs = [(layer, by_name[layer.name]) for layer in layers]
    elif len(stored) != len(layers):
        found = f"the file has weights for {len(stored)} layers, the model has {len(layers)} layers with weights"
        assignment.problems.add(f"{found}; load them by name: load_weights(path, by_name=True)")
        return
    else:
        pairs = list(zip(layers, stored, strict=True))
    for layer, item in pairs:
        assignment.layer(layer, item)


def assign_by_name(assignment: Assignment, stored: Sequence[StoredLayer]) -> None:
    """Take the arrays for the layers of the same names; other layers stay as they are."""
    layers: Mapping[str, Layer] = {layer.name: layer for layer in assignment.model.layers}
    found = False
    for item in stored:
        layer = layers.get(safe_name(item.name))
        if layer is not None:
            found = True
            assignment.layer(layer, item)
    if not found and stored:
        hint = nearest(stored[0].name, layers)
        message = f"no layer of the model has the name of one in the file, such as '{stored[0].name:.80}'.{hint}"
        assignment.problems.add(message)


def without_states(weights: Sequence[Variable]) -> list[Variable]:
    """Leave out the states of stateful layers, which Keras 2 does not count as weights."""
    return [weight for weight in weights if not weight.is_state]


def listed(shapes: Sequence[tuple[int, ...]]) -> str:
    """Return shapes as messages show them."""
    shown = ", ".join(map(str, shapes[:12])) or "none"
    return f"{shown}, …" if len(shapes) > 12 else shown
