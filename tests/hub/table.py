"""What a backbone of KerasHub is tried with: a small configuration, and data for its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy

Data = Callable[[tuple[int, ...], numpy.random.Generator], numpy.ndarray]


@dataclass(frozen=True)
class PublishedModel:
    """A model with random weights, as a backbone of KerasHub.

    Args:
        name: its class in `keras_hub.models`, or what else it is called.
        kind: what it is like, or the package that builds it.
        make: makes it.
        sizes: lengths of the unknown axes of an input, by the input's name.
        data: what goes into an input, by the input's name.
        is_example: whether it is the one of its kind.
        is_fixed: whether the lengths of its inputs are given when it is made, as what it computes depends on them.
    """

    name: str
    kind: str
    make: Callable[[], Any]
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    data: Mapping[str, Data] = field(default_factory=dict)
    is_example: bool = False
    is_fixed: bool = False

    def model(self) -> Any:
        """Return the backbone, with random weights."""
        import keras

        made = self.make()
        if self.is_fixed:
            inputs = {
                tensor.name: keras.Input(self._shape(tensor), dtype=tensor.dtype, name=tensor.name)
                for tensor in made.inputs
            }
            outputs = made(inputs)
            if isinstance(outputs, dict):  # masks are no numbers that can be trained
                outputs = {key: item for key, item in outputs.items() if not key.endswith("mask")}
            made = keras.Model(inputs, outputs)
        for layer in made._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):  # some have a rate that no argument sets
                layer.rate = 0.0
        return made

    def _shape(self, tensor: Any) -> tuple[int, ...]:
        sizes = iter(self.sizes.get(tensor.name, ()))
        return tuple(next(sizes, LENGTH) if dim is None else dim for dim in tensor.shape[1:])

    def inputs(self, model: Any, rows: int, generator: numpy.random.Generator) -> Any:
        """Return data for the inputs of the model, in a dictionary where it has several."""
        found = {}
        for tensor in model.inputs:
            name = tensor.name
            shape = (rows, *self._shape(tensor))
            found[name] = self.data[name](shape, generator) if name in self.data else _data(tensor, shape, generator)
        return found if len(found) > 1 or isinstance(model.input, dict) else next(iter(found.values()))


LENGTH = 6
"""Length of an axis whose length is not known."""
VOCABULARY = 10
BACKBONES: dict[str, PublishedModel] = {}


def backbone(kind: str, **details: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """List a backbone, which the function below makes and is named after."""

    def listed(make: Callable[[], Any]) -> Callable[[], Any]:
        BACKBONES[make.__name__] = PublishedModel(make.__name__, kind, make, **details)
        return make

    return listed


def model(name: str) -> Any:
    """Return a class of `keras_hub.models`, or one of its modules as ``module:name``."""
    module, _, found = name.rpartition(":")
    return getattr(import_module(f"keras_hub.src.models.{module}" if module else "keras_hub.models"), found)


def _data(tensor: Any, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    if tensor.name.endswith("mask"):
        made = numpy.ones(shape, "bool")
        made[1:, -2:] = False
        return made.astype(tensor.dtype)
    if "int" in tensor.dtype:
        return generator.integers(2 if tensor.name.endswith("segment_ids") else VOCABULARY, size=shape).astype("int32")
    return generator.uniform(0.0, 1.0, shape).astype("float32")
