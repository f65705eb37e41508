"""Reads ``.h5`` files of Keras 1, 2 and 3: whole models, and weights alone."""

from __future__ import annotations

import os
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

from frontends.hdf5 import Group, open_hdf5
from frontends.json_config import parse_json
from frontends.model_files import checked_path
from frontends.nodes import Mapping, describe
from frontends.optimizer_state import resume_from_lists, resume_from_tree
from frontends.origin import KERAS_1, KERAS_3, Origin, parse_version
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.replacements import read_replacements
from frontends.stored_weights import Assignment, assign_by_name, assign_by_order, stored_layers
from frontends.trained_model import Training, read_trained
from frontends.weight_tree import assign_tree, is_tree
from frontends.writing_models import write_hdf5
from frontends.writing_weights import write_weights
from nnc.errors import ModelError
from nnc.models import Model

_WEIGHTS = "model_weights"
_OPTIMIZER = "optimizer_weights"


class Hdf5Frontend:
    """The reader of ``.h5`` and ``.hdf5`` files."""

    name = "h5"
    suffixes = (".h5", ".hdf5")

    def accepts(self, source: Any) -> bool:
        """Return whether the source is a path with one of the suffixes."""
        return isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in self.suffixes

    def read(
        self, source: str | os.PathLike[str], *, compile: bool = True, replace: MappingType[str, Any] | None = None
    ) -> Model:
        """Return the model of a file, with its weights and the state of its training.

        Args:
            source: the file.
            compile: whether to take optimizer, loss and metrics from it.
            replace: replacements for classes that are not known, such as ``{"Old": "Dense(3)"}``.

        Raises:
            ModelFileError: the file defines no model; all its problems are listed.
            ModelError: it cannot be read.
        """
        path = checked_path(source)
        problems = Problems(str(path), path.name)
        with open_hdf5(path, repr(str(path))) as root:
            config = root.text("model_config")
            if config is None:
                raise ModelError(_no_model(path, root))
            node = parse_json(config, "model_config", problems)
            if not isinstance(node, Mapping):
                problems.stop(f"model_config must be a mapping, got {describe(node)}")
            options = Options(origin_of_file(root), read_replacements(replace), has_weights=True)
            training = root.text("training_config") if compile else None
            return read_trained(
                node,
                options,
                problems,
                lambda assignment: assign(assignment, root.group(_WEIGHTS) or root),
                None
                if training is None
                else Training(
                    parse_json(training, "training_config", problems),
                    lambda assignment: _resume(root, assignment),
                ),
            )

    def load_weights(
        self,
        model: Model,
        source: str | os.PathLike[str],
        *,
        by_name: bool = False,
        skip_mismatch: bool = False,
        resume: bool = False,
    ) -> None:
        """Overwrite a model's weights with those of a file.

        Args:
            model: the model.
            source: the file, a whole model or weights alone.
            by_name: whether layers are found by their names; otherwise one after the other.
            skip_mismatch: whether layers that do not fit stay as they are, with a warning.
            resume: whether the optimizer of the model, which is compiled, goes on from its state in the file; where
                that does not fit, it starts afresh, with a warning.

        Raises:
            ModelFileError: weights do not fit; nothing is changed then.
            ModelError: the file cannot be read.
        """
        path = checked_path(source)
        problems = Problems(str(path), path.name)
        with open_hdf5(path, repr(str(path))) as root:
            group = root.group(_WEIGHTS) or root
            assignment = Assignment(model, origin_of_file(root), problems, {}, skip_mismatch)
            assign(assignment, group, by_name)
            assignment.carry_out()
            if resume:
                _resume(root, assignment)
        problems.warn()

    def save_weights(self, model: Model, path: str | os.PathLike[str]) -> None:
        """Write a model's weights as Keras 3 does; see `write_weights`."""
        write_weights(model, Path(path))

    def save_model(self, model: Model, path: str | os.PathLike[str]) -> None:
        """Write a whole model as Keras 3 does; see `write_hdf5`."""
        write_hdf5(model, Path(path))


FRONTEND = Hdf5Frontend()


def _resume(root: Group, assignment: Assignment) -> None:
    """Copy the state of the optimizer from where Keras has it, or from where nnc writes it; see `write_hdf5`."""
    tree = root.group("optimizer")
    if tree is None:
        resume_from_lists(root.group(_OPTIMIZER), assignment)
    else:
        resume_from_tree(tree, assignment)


def origin_of_file(root: Group) -> Origin:
    """Return which Keras wrote a file."""
    for group in (root, root.group(_WEIGHTS)):
        version = None if group is None else group.text("keras_version")
        if group is not None and version is not None:
            return parse_version(version, group.text("backend") or "tensorflow")
    return KERAS_3 if is_tree(root) else KERAS_1


def assign(assignment: Assignment, group: Group, by_name: bool = False) -> None:
    """Take a file's arrays for the weights of a model, in whichever way they are laid out.

    Args:
        assignment: for the model.
        group: the group with the weights.
        by_name: whether layers are found by their names.
    """
    if is_tree(group):
        assign_tree(assignment, group)
        return
    stored = stored_layers(group, assignment.problems)
    if stored is None:
        assignment.problems.stop("there are no weights of a Keras model in it: neither layer_names nor layers/")
    (assign_by_name if by_name else assign_by_order)(assignment, stored)


def _no_model(path: Path, root: Group) -> str:
    if is_tree(root) or root.texts("layer_names") is not None:
        return f"{str(path)!r} holds weights alone; make the model, then call model.load_weights({path.name!r})"
    return f"{str(path)!r} holds no Keras model: it has no attribute model_config"
