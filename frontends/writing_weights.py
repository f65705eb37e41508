"""Writes weights as Keras 3 does, ``model.weights.h5``: groups nested like the layers, arrays numbered in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from frontends.inner_groups import (
    attribute_layers,
    attribute_optimizers,
    group_names,
    has_attributes,
    parts_by_path,
    storage_refusals,
)
from frontends.layer_order import trained_weights
from frontends.problems import layer_subject
from nnc.errors import ModelError
from nnc.files import write_atomically
from nnc.layers import Layer
from nnc.layers.vocabulary import VocabularyMethods
from nnc.layers.weights import archived_weights, weight_paths
from nnc.models import Model
from nnc.optimizers import Optimizer
from nnc.optimizers.applying import PlacedStates
from nnc.optimizers.state import PLACE, placed
from nnc.optimizers.windows import Window

_PRIVATE = {"GroupQueryAttention": ("query", "key", "value", "output", "gate"), "MultiHeadAttention": ("gate",)}
"""The layers inside, called ``…_dense``, that are private attributes in Keras, by class."""


def write_weights(model: Model, path: str | Path) -> None:
    """Write a model's weights and, where it is compiled, its optimizer's state; the file is whole or not there.

    Args:
        model: the model, with weights of shapes that are known.
        path: the file.

    Raises:
        ModelError: h5py is missing.
        OSError: the file cannot be written; what was there before is untouched.
    """
    write_atomically(path, weights_content(model, path))


def weights_content(model: Model, path: str | Path) -> memoryview:
    """Return what `write_weights` writes; the path is for messages.

    Raises:
        ModelError: a user's class says in Keras's methods what files have of a layer; or h5py is missing.
    """
    _check_storage([model], path)
    with new_hdf5(path) as (file, content):
        _Tree().model(model, file)
        write_optimizers(model, file)
    return content.getbuffer()


def layers_content(layers: Iterable[Layer], folder: str, path: str | Path) -> memoryview:
    """Return what a file has of the weights of layers that are in no model.

    Args:
        layers: the layers; one that is there again has its arrays again, without which Keras does not read it.
        folder: the group that they are in.
        path: the file, for messages.

    Raises:
        ModelError: a user's class says in Keras's methods what files have of a layer; or h5py is missing.
    """
    with new_hdf5(path) as (file, content):
        file.create_group("vars")
        container, layers = file.create_group(folder), list(layers)
        _check_storage(layers, path)
        for layer, name in zip(layers, group_names([layer.keras_class[1] for layer in layers]), strict=True):
            _Tree().layer(layer, container, name)
    return content.getbuffer()


def _check_storage(layers: Iterable[Layer], path: str | Path) -> None:
    for layer, reason in [item for outer in layers for item in storage_refusals(outer).items()]:
        raise ModelError(f"{str(path)!r}: {layer_subject(layer.name, type(layer).__name__)}: {reason}")


@contextmanager
def new_hdf5(path: str | Path) -> Iterator[tuple[Any, BytesIO]]:
    """Give a new HDF5 file, and the memory in which it is whole after the block.

    Raises:
        ModelError: h5py is missing.
    """
    try:
        import h5py
    except ImportError:
        raise ModelError(f"{str(path)!r} is an HDF5 file; to write it, run: pip install h5py") from None
    content = BytesIO()
    with h5py.File(content, "w") as file:
        yield file, content


def write_optimizers(model: Model, file: Any) -> None:
    """Write the states of a model's optimizers in Keras's order: ``optimizer/vars/0`` and so on.

    Optimizers among its attributes lie in groups named like these. One that has changed nothing yet has the number of
    its steps, which is 0, and its learning rate.
    """
    stepped = _stepped(model) if model.compiled else {}
    for optimizer, path in attribute_optimizers(model).items():
        own = file.create_group(f"{path}/vars")
        own.attrs["name"] = optimizer.name
        arrays = optimizer.variables
        if optimizer in stepped:
            place, windows = stepped[optimizer]
            seen = PlacedStates(model.program.states, partial(placed, place=place))
            arrays = optimizer.export_variables(windows, seen)
        for number, array in enumerate(arrays):
            own.create_dataset(str(number), data=array)


def _stepped(model: Model) -> dict[Optimizer, tuple[str, list[Window]]]:
    """Return for each optimizer the place of its states, and what it changes, in Keras's order."""
    found = model.stepped_variables() if model.own_steps else {}
    if found:  # it has been trained, so that its steps are known
        return found
    by_path, paths = {spec.path: spec for spec in model.program.spec.variables}, weight_paths(model)
    return {model.optimizer: (PLACE, [by_path[paths[weight]] for weight in trained_weights(model, {})])}


class _Tree:
    """The groups of a file, as Keras's ``saving_lib`` nests them: what is met twice is written once."""

    def __init__(self) -> None:
        self._written: set[Layer] = set()
        self._outside: set[Layer] = set()

    def model(self, model: Model, group: Any) -> None:
        """Write the layers of a model, in the order of which their numbers are."""
        self._written.add(model)
        if has_attributes(model):
            self._contents(model, group)
            return
        self._named(model, group)
        self.layers(model.layers, group.create_group("layers"))

    def layers(self, layers: Iterable[Layer], group: Any) -> None:
        """Write layers, in the order of which their numbers are."""
        layers = list(layers)
        for layer, name in zip(layers, group_names([layer.keras_class[1] for layer in layers]), strict=True):
            self.layer(layer, group, name)

    def layer(self, layer: Layer, parent: Any, name: str) -> None:
        """Write a layer below a name, unless it has been written."""
        if layer in self._written:
            return
        self._written.add(layer)
        group = parent.create_group(name)
        if isinstance(layer, Model):
            self.model(layer, group)
            return
        self._contents(layer, group)

    def _contents(self, layer: Layer, group: Any) -> None:
        """Write a layer's own arrays, and the layers inside it."""
        own = self._named(layer, group)
        class_name = layer.keras_class[1]
        for number, weight in enumerate(archived_weights(layer)):
            own.create_dataset(str(number), data=weight.numpy())
        if isinstance(layer, VocabularyMethods) and layer.token_weights:
            own.create_dataset("idf_weights", data=layer.token_weights, dtype="float32")
            if class_name == "TextVectorization":  # which Keras's lookup in it reads as well
                inner = group.create_group("_lookup_layer/vars")
                inner.create_dataset("idf_weights", data=layer.token_weights, dtype="float32")
        private = [f"{name}_dense" for name in _PRIVATE.get(class_name, ())]
        parts = attribute_layers(layer) if has_attributes(layer) else parts_by_path(layer, self._outside).items()
        for path, part in parts:
            if part.weights:
                self.layer(part, group, f"_{path}" if path in private else path)

    @staticmethod
    def _named(layer: Layer, group: Any) -> Any:
        """Return the group of a layer's own arrays, with its name beside them."""
        own = group.create_group("vars")
        own.attrs["name"] = layer.name
        return own
