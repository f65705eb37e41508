"""Checks of the files that a model, or its weights, are to be written to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnc.errors import DataError, ModelError
from nnc.plugins import KERAS_MODELS, KERAS_WEIGHTS


def check_weights_file(model: Any, path: str | Path, overwrite: bool) -> None:
    """Check that the weights of a model can be written to a file.

    Args:
        model: the model.
        path: the file.
        overwrite: whether a file of this name may be there.

    Raises:
        DataError: the path ends otherwise than with ``.weights.h5`` or ``.npz``.
        ModelError: there is a file, and it is not to be overwritten.
    """
    text = str(path)
    if not text.endswith((KERAS_WEIGHTS, ".npz")):
        raise DataError(f"weights are written to {KERAS_WEIGHTS} files, as Keras's, or to .npz files, got {text!r}")
    _may_write(path, overwrite)


def check_model_suffix(path: Path) -> None:
    """Check that a path is that of a model.

    Raises:
        DataError: it ends otherwise than with ``.nnc``, ``.keras`` or ``.h5``.
    """
    if path.name.endswith(KERAS_WEIGHTS):
        raise DataError(f"{KERAS_WEIGHTS} files have weights alone, which save_weights writes; got {str(path)!r}")
    if path.suffix not in (".nnc", *KERAS_MODELS):
        raise DataError(
            "Invalid filepath extension for saving: a model is written to .nnc, .keras or .h5 files, got"
            f" {str(path)!r}; use save('{path.stem}.keras') for Keras, or save('{path.stem}.nnc')"
        )


def check_model_file(model: Any, path: Path, overwrite: bool) -> None:
    """Check that a model can be written to a file; see `check_weights_file`."""
    _may_write(path, overwrite)
    if model.is_authored and path.suffix not in (".nnc", ".keras"):
        raise ModelError(
            f"model '{model.name}': its class {type(model).__name__} says in call() what is computed, which HDF5 files"
            f" cannot hold, as in Keras; use save('{path.stem}.keras'), or save('{path.stem}.nnc')"
        )


def refuse_options(where: str, options: Mapping[str, Any]) -> None:
    """Refuse arguments that Keras once had, or never.

    Args:
        where: the function.
        options: the arguments by name.

    Raises:
        ModelError: there is one.
    """
    if "save_format" in options:
        raise ModelError(
            f"{where}: The `save_format` argument is deprecated in Keras 3; leave it out: the suffix of the file says"
            " the format"
        )
    if options:
        raise ModelError(f"{where}: The following argument(s) are not supported: {', '.join(options)}; leave them out")


def _may_write(path: str | Path, overwrite: bool) -> None:
    if not overwrite and Path(path).exists():
        raise ModelError(f"{str(path)!r} exists; give another name, or overwrite=True")
