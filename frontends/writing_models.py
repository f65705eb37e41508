"""Writes whole models as Keras 3 does: ``.keras`` archives, and HDF5 files with the weights of each layer."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy

from frontends.authored_models import compile_entry
from frontends.layer_order import layers_of, saved_order
from frontends.writing_weights import new_hdf5, weights_content, write_optimizers
from nnc.files import write_atomically
from nnc.layers.weights import weight_paths
from nnc.models import Model
from nnc.models.config import compile_config, json_text, layer_entry

Array = Any
KERAS_VERSION = "3.15.0"
"""The version whose files these are."""
_BACKEND = "tensorflow"
"""On which Keras reads and trains as nnc does."""
_MAX_ATTRIBUTE = 64_512
"""Bytes of a list of texts that HDF5 takes as one attribute; longer ones are Keras's ``name0``, ``name1``, …"""
_OF_KERAS_2 = {'"hard_sigmoid_keras_2"': "hard_sigmoid", '"keras_2_masks": true': "masks"}
"""Texts in configs that mark what only Keras 2 has, and its names there."""


def write_archive(model: Model, path: str | Path) -> None:
    """Write a ``.keras`` file: config.json, metadata.json and model.weights.h5; it is whole or not there.

    Args:
        model: the model, with weights of shapes that are known.
        path: the file.

    Raises:
        ModelError: a part of the model cannot be serialised, or h5py is missing.
        OSError: the file cannot be written; what was there before is untouched.
    """
    training = compile_entry(model)
    shapes = model.get_build_config()
    config = json_text(
        layer_entry(model)
        | ({"build_config": shapes} if shapes else {})
        | ({"compile_config": training} if training else {})
    )
    _check_for_keras_3(config, path)
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", json.dumps(archive_metadata()))
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights_content(model, path))
    write_atomically(path, content.getbuffer())


def archive_metadata() -> dict[str, str]:
    """Return what metadata.json says: the version of Keras, and the time."""
    return {"keras_version": KERAS_VERSION, "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}


def write_hdf5(model: Model, path: str | Path) -> None:
    """Write an HDF5 file with the whole model, as ``keras.Model.save`` does for ``.h5``; it is whole or not there.

    Keras does not read all that it writes there. Functions between layers are written with their modules here, losses
    and metrics by their configs, not their names; and the state of the optimizer as in ``.weights.h5`` files, since
    ``optimizer_weights`` give a model that Keras cannot train: from an ``.h5`` file it begins with a new optimizer.

    Warns:
        UserWarning: that is so for a model that has been trained.

    Raises:
        ModelError: a part of the model cannot be serialised, or h5py is missing.
        OSError: the file cannot be written; what was there before is untouched.
    """
    training = compile_config(model, keeps_names=False)
    config = json_text(layer_entry(model))
    _check_for_keras_3(config, path)
    with new_hdf5(path) as (file, content):
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["backend"] = _BACKEND
        file.attrs["model_config"] = config
        if training:
            optimizer = training.pop("optimizer")
            file.attrs["training_config"] = json_text(training | {"optimizer_config": optimizer})
            write_optimizers(model, file)
        _write_layers(model, file.create_group("model_weights"))
    write_atomically(path, content.getbuffer())
    if model.optimizer.iterations:
        warnings.warn(
            f"Keras trains on from {str(path)!r} with a new optimizer, because it cannot read the state of one from an"
            " HDF5 file (nnc can); to continue with the same one, save a .keras file",
            stacklevel=5,
        )


def _check_for_keras_3(config: str, path: str | Path) -> None:
    found = [name for text, name in _OF_KERAS_2.items() if text in config]
    if found:
        warnings.warn(
            f"Keras 3 does not load {str(path)!r}, because its layers have the {' and the '.join(found)} of Keras 2,"
            " which nnc has, but not Keras 3",
            stacklevel=6,
        )


def _write_layers(model: Model, group: Any) -> None:
    paths = weight_paths(model)
    layers = [layer for _, layer in layers_of(model, {})]
    _write_texts(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"], group.attrs["keras_version"] = _BACKEND, KERAS_VERSION
    for layer in layers:
        arrays = {paths[weight]: weight.numpy() for weight in saved_order(layer, {}) if not weight.is_state}
        _write_arrays(group.require_group(layer.name), arrays)
    _write_arrays(group.require_group("top_level_model_weights"), {})


def _write_arrays(group: Any, arrays: Mapping[str, Array]) -> None:
    """Write arrays under their names, whose order an attribute keeps."""
    _write_texts(group, "weight_names", arrays)
    for name, array in arrays.items():
        group.create_dataset(name, data=array)


def _write_texts(group: Any, name: str, texts: Iterable[str]) -> None:
    parts = [*_parts(numpy.array([text.encode() for text in texts], "S"))]
    for number, part in enumerate(parts):
        group.attrs[name if len(parts) == 1 else f"{name}{number}"] = part


def _parts(texts: Array) -> Iterator[Array]:
    """Return texts in parts that fit into an attribute each."""
    count = max(1, _MAX_ATTRIBUTE // texts.itemsize)
    for start in range(0, max(1, len(texts)), count):
        yield texts[start : start + count]
