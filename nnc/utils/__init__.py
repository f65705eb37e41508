"""Helpers that Keras keeps in ``keras.utils``.

All but seeds are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.utils.seeds import random_generator, set_random_seed

if TYPE_CHECKING:
    from nnc.downloads import get_file
    from nnc.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from nnc.utils.image_directory import image_dataset_from_directory
    from nnc.utils.images import array_to_img, img_to_array, load_img, save_img
    from nnc.utils.model_plots import model_to_dot, plot_model
    from nnc.utils.numerical import normalize, to_categorical
    from nnc.utils.progbar import Progbar
    from nnc.utils.py_dataset import PyDataset, Sequence
    from nnc.utils.sequences import pad_sequences
    from nnc.utils.session import clear_session, get_source_inputs, is_keras_tensor
    from nnc.utils.splitting import split_dataset
    from nnc.utils.text_directory import text_dataset_from_directory
    from nnc.utils.time_series import timeseries_dataset_from_array

_MEMBERS = {
    "Progbar": "progbar",
    "PyDataset": "py_dataset",
    "Sequence": "py_dataset",
    "array_to_img": "images",
    "clear_session": "session",
    "get_source_inputs": "session",
    "image_dataset_from_directory": "image_directory",
    "img_to_array": "images",
    "is_keras_tensor": "session",
    "load_img": "images",
    "model_to_dot": "model_plots",
    "normalize": "numerical",
    "pack_x_y_sample_weight": "batches",
    "pad_sequences": "sequences",
    "plot_model": "model_plots",
    "save_img": "images",
    "split_dataset": "splitting",
    "text_dataset_from_directory": "text_directory",
    "timeseries_dataset_from_array": "time_series",
    "to_categorical": "numerical",
    "unpack_x_y_sample_weight": "batches",
}

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "get_file",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "random_generator",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in _MEMBERS or name == "get_file":
            module = f"nnc.utils.{_MEMBERS[name]}" if name in _MEMBERS else "nnc.downloads"
            value = getattr(import_module(module), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module 'nnc.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__"})
