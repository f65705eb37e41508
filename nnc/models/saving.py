"""Models from configs, JSON and files, and to JSON; Keras's functions of these names."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from nnc.errors import ModelError
from nnc.layers.registry import known_classes
from nnc.models.config import json_text, layer_entry
from nnc.models.model import Model
from nnc.models.sequential import Sequential
from nnc.plugins import read, read_config
from nnc.program import Program, load

ModelClass = TypeVar("ModelClass", bound=Model)


def model_of_config(
    cls: type[ModelClass], config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> ModelClass:
    """Return a model of a class from its config; see `Model.from_config`.

    Raises:
        ModelFileError: it is not a config of a model; all its problems are listed.
        ModelError: it is the config of another kind of model.
    """
    if not isinstance(config, Mapping):
        raise ModelError(f"{cls.__name__}.from_config takes a mapping, as get_config returns it, got {config!r:.80}")
    base: type[Model] = Sequential if issubclass(cls, Sequential) else Model
    if "layers" not in config and cls is not base:
        return cls(**config)
    name = "Functional" if "input_layers" in config else "Sequential"
    with known_classes(custom_objects):
        found: Model = read_config({"class_name": name, "config": config})
    if isinstance(found, cls):
        return found
    if not isinstance(found, base) or list(signature(cls).parameters) != list(signature(base).parameters):
        raise ModelError(
            f"{cls.__name__}.from_config: the config is that of a {name} model, which {cls.__name__} cannot be made"
            f" from; use nnc.{'Sequential' if name == 'Sequential' else 'Model'}.from_config"
        )
    made: Any = cls
    if isinstance(found, Sequential):
        made = made([call.layer for call in found.calls] or found.layers, name=found.name)
    else:
        made = made(found.input, found.output, name=found.name)
    model: ModelClass = made
    return model


def to_json(model: Model, **options: Any) -> str:
    """Return class and config of a model as JSON; see `Model.to_json`.

    Raises:
        ModelError: a part of the model cannot be serialised.
    """
    return json_text(layer_entry(model), **options)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return the model of a text of `Model.to_json`, nnc's or Keras's of any version, with weights of its own.

    Args:
        json_string: the text.
        custom_objects: classes of the user's layers by name.

    Raises:
        ModelFileError: it is not a model's; all its problems are listed.
    """
    if not isinstance(json_string, str):
        raise ModelError(f"model_from_json takes text, got {json_string!r:.80}")
    with known_classes(custom_objects):
        found: Model = read_config(json_string)
    return found


def load_model(
    filepath: str | Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Return the model of a file: its layers, weights and, where the file has them, optimizer, loss and metrics.

    A ``.nnc`` file gives the model as it predicts; to go on training where it was, load it as a program, `nnc.load`.

    Args:
        filepath: a ``.keras``, ``.h5``, ``.nnc``, ``.yaml`` or ``.json`` file.
        custom_objects: classes of the user's layers by name.
        compile: whether to take optimizer, loss and metrics.
        safe_mode: accepted and ignored: nothing in a file is ever run.

    Raises:
        ModelFileError: the file defines no model; all its problems are listed.
        ProgramFileError: a ``.nnc`` file is damaged.
        ModelError: there is no such file, or a ``.nnc`` file has no config of its model.
    """
    del safe_mode
    with known_classes(custom_objects):
        if Path(filepath).suffix == ".nnc":
            return model_of_program(load(filepath))
        found: Model = read(filepath, compile=compile)
    return found


def model_of_program(program: Program) -> Model:
    """Return the model that a saved program came from, as its file describes it, with the program's weights.

    Raises:
        ModelFileError: a class of its user's layers is not known here; all of them are listed.
        ModelError: the file has no config of the model.
    """
    if not program.spec.model:
        raise ModelError(
            f"program '{program.name}' has no config of its model, a part of which could not be serialised; it is a"
            " program alone, see nnc.load"
        )
    model: Model = read_config(program.spec.model)
    model.set_weights(program.get_weights())
    return model


def save_model(model: Model, filepath: str | Path, overwrite: bool = True) -> None:
    """Write a model as what the suffix says; see `Model.save`."""
    model.save(filepath, overwrite)
