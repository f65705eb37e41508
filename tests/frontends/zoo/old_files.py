"""HDF5 files as Keras 2.0 to 2.3 wrote them, made by hand from configs and weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy

Weights = Sequence[tuple[str, Any]]


def write_h5(
    path: Path,
    model: Mapping[str, Any],
    weights: Mapping[str, Weights],
    version: str = "2.0.5",
    training: Mapping[str, Any] | None = None,
    optimizer: Weights = (),
    backend: str = "tensorflow",
) -> Path:
    """Write a whole model.

    Args:
        path: where.
        model: class name and config.
        weights: names and arrays of each layer, in the order of the model's layers.
        version: of Keras.
        training: optimizer, loss and metrics.
        optimizer: names and arrays of the optimizer's state.
        backend: what Keras ran on.
    """
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = backend.encode()
        file.attrs["model_config"] = json.dumps(model).encode()
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = version.encode()
        group.attrs["backend"] = backend.encode()
        write_weights(group, weights)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
            _write_list(file.create_group("optimizer_weights"), optimizer)
    return path


def write_weights(group: Any, weights: Mapping[str, Weights]) -> None:
    """Write weights into a group."""
    group.attrs["layer_names"] = [name.encode() for name in weights]
    for name, items in weights.items():
        _write_list(group.create_group(name), items)


def _write_list(group: Any, items: Weights) -> None:
    group.attrs["weight_names"] = [name.encode() for name, _ in items]
    for name, array in items:
        group.create_dataset(name, data=numpy.asarray(array, "float32"))


def layer(class_name: str, name: str, inbound: Any = None, **config: Any) -> dict[str, Any]:
    """Return a layer's entry in a functional model, or in a Sequential where nothing is inbound."""
    entry: dict[str, Any] = {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}
    return entry if inbound is None else {**entry, "name": name, "inbound_nodes": inbound}


SCALING = {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"}}


def random_arrays(seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    """Return arrays of small random numbers."""
    generator = numpy.random.default_rng(seed)
    return [generator.normal(size=shape).astype("float32") * 0.5 for shape in shapes]
