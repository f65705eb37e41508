"""Helpers that Keras keeps in ``keras.utils``.

All but seeds are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence
from nnc.utils.seeds import random_generator, set_random_seed

if TYPE_CHECKING:
    from nnc.downloads import get_file
    from nnc.element_types import standardize_dtype
    from nnc.registration import (
        CustomObjectScope,
        custom_object_scope,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
    )
    from nnc.settings import disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled
    from nnc.utils import bounding_boxes
    from nnc.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from nnc.utils.configuration import Config
    from nnc.utils.image_directory import image_dataset_from_directory
    from nnc.utils.images import array_to_img, img_to_array, load_img, save_img
    from nnc.utils.model_plots import model_to_dot, plot_model
    from nnc.utils.numerical import normalize, to_categorical
    from nnc.utils.progbar import Progbar
    from nnc.utils.py_dataset import PyDataset, Sequence
    from nnc.utils.sequences import pad_sequences
    from nnc.utils.serialization import deserialize_keras_object, serialize_keras_object
    from nnc.utils.session import clear_session, get_source_inputs, is_keras_tensor
    from nnc.utils.splitting import split_dataset
    from nnc.utils.text_directory import text_dataset_from_directory
    from nnc.utils.time_series import timeseries_dataset_from_array


_MEMBERS = {
    "Config": "nnc.utils.configuration",
    "CustomObjectScope": "nnc.registration",
    "FeatureSpace": "nnc.feature_space",
    "Progbar": "nnc.utils.progbar",
    "PyDataset": "nnc.utils.py_dataset",
    "Sequence": "nnc.utils.py_dataset",
    "array_to_img": "nnc.utils.images",
    "clear_session": "nnc.utils.session",
    "custom_object_scope": "nnc.registration",
    "deserialize_keras_object": "nnc.utils.serialization",
    "disable_interactive_logging": "nnc.settings",
    "enable_interactive_logging": "nnc.settings",
    "get_custom_objects": "nnc.registration",
    "get_file": "nnc.downloads",
    "get_registered_name": "nnc.registration",
    "get_registered_object": "nnc.registration",
    "get_source_inputs": "nnc.utils.session",
    "image_dataset_from_directory": "nnc.utils.image_directory",
    "img_to_array": "nnc.utils.images",
    "is_interactive_logging_enabled": "nnc.settings",
    "is_keras_tensor": "nnc.utils.session",
    "load_img": "nnc.utils.images",
    "model_to_dot": "nnc.utils.model_plots",
    "normalize": "nnc.utils.numerical",
    "pack_x_y_sample_weight": "nnc.utils.batches",
    "pad_sequences": "nnc.utils.sequences",
    "plot_model": "nnc.utils.model_plots",
    "register_keras_serializable": "nnc.registration",
    "save_img": "nnc.utils.images",
    "serialize_keras_object": "nnc.utils.serialization",
    "split_dataset": "nnc.utils.splitting",
    "standardize_dtype": "nnc.element_types",
    "text_dataset_from_directory": "nnc.utils.text_directory",
    "timeseries_dataset_from_array": "nnc.utils.time_series",
    "to_categorical": "nnc.utils.numerical",
    "unpack_x_y_sample_weight": "nnc.utils.batches",
}

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "random_generator",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name == "bounding_boxes":
            return import_module("nnc.utils.bounding_boxes")
        if name in _MEMBERS:
            value = getattr(import_module(_MEMBERS[name]), name)
            globals()[name] = value
            return value
        raise absence("nnc.utils", name)


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__"})
