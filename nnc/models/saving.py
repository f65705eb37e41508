"""Models from JSON and files; Keras's functions of these names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnc.errors import ModelError
from nnc.layers.registry import known_classes
from nnc.models.model import Model
from nnc.plugins import read, read_config
from nnc.program import Program, load


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
