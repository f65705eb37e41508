"""Reads and writes feature spaces, ``keras.utils.FeatureSpace``, which Keras keeps in ``.keras`` files of their own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from frontends.hdf5 import Group
from frontends.nodes import Mapping, from_plain
from frontends.origin import KERAS_3
from frontends.problems import Problems
from frontends.stored_vocabularies import with_vocabularies
from frontends.stored_weights import Assignment
from frontends.weight_tree import assign_layers
from frontends.writing_models import archive_metadata
from frontends.writing_weights import layers_content
from nnc.errors import ModelFileError, NncError
from nnc.feature_space import FeatureSpace
from nnc.files import write_atomically
from nnc.layers import Normalization
from nnc.layers.variable import blank_weights
from nnc.models import Model
from nnc.models.config import json_text

_FOLDER = "preprocessors"
"""Where the weights and vocabularies of the layers are."""


def read_feature_space(
    config: Mapping,
    names: Iterable[str],
    read_text: Callable[[str], str],
    weights: Group,
    problems: Problems,
) -> FeatureSpace:
    """Return the feature space of a file, with what its layers have learnt.

    Args:
        config: the file's config.
        names: the members of the file.
        read_text: returns the text of one.
        weights: the file's weights.
        problems: where it is noted that it is none.

    Raises:
        ModelFileError: it is none, or a layer in it is not known.
    """
    plain: Any = config.plain()
    try:
        features = plain["config"]["features"]
        layers = [item["config"]["preprocessor"] for item in features.values()]
        nodes = from_plain({"layers": layers})
        assert isinstance(nodes, Mapping)
        learnt: Any = with_vocabularies(nodes, names, read_text, weights, folder=_FOLDER).plain()
        for item, layer in zip(features.values(), learnt["layers"], strict=True):
            item["config"]["preprocessor"] = layer
        with blank_weights():
            space = FeatureSpace.from_config(plain["config"])
            space.build_from_config(plain.get("build_config") or {})
        _read_weights(space, weights, problems)
    except ModelFileError:
        raise
    except NncError as error:
        problems.stop(f"feature space: {error}")
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        problems.stop(f"config.json has no config of a feature space ({type(error).__name__}: {error})")
    return space


def write_feature_space(space: FeatureSpace, path: str | Path) -> None:
    """Write a ``.keras`` file, which Keras reads too; it is whole or not there.

    Args:
        space: the feature space, which has learnt from data.
        path: the file.

    Raises:
        ModelError: a layer cannot be serialised, or h5py is missing.
        OSError: the file cannot be written; what was there before is untouched.
    """
    config = {
        "module": "keras.utils",
        "class_name": "FeatureSpace",
        "config": space.get_config(),
        "registered_name": None,
        "build_config": space.get_build_config(),
    }
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", json.dumps(archive_metadata()))
        archive.writestr("config.json", json_text(config))
        archive.writestr("model.weights.h5", layers_content(list(space.preprocessors.values()), _FOLDER, path))
    write_atomically(path, content.getbuffer())


def _read_weights(space: FeatureSpace, weights: Group, problems: Problems) -> None:
    """Take the arrays of the layers, and of layers inside these.

    Raises:
        ModelFileError: one is missing, or does not fit.
    """
    layers = list(space.preprocessors.values())
    for layer in layers:
        if isinstance(layer, Normalization) and not layer.built:
            layer.build((None, 1))
    assignment = Assignment(Model(name=space.name), KERAS_3, problems, {})  # of layers that are in no model
    assign_layers(assignment, layers, weights.group(_FOLDER))
    assignment.carry_out()
