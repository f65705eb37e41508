"""Readers of models are plug-ins of the entry-point group ``nnc.frontends``; this finds them, and other groups'."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError, nearest
from nnc.installation import install_command

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "nnc.frontends"
"""Entry-point group in which packages declare their readers; each names a `Frontend`."""
COMMUNICATORS = "nnc.communicators"
"""Entry-point group of functions that return the processes that train together."""
KERAS_WEIGHTS = ".weights.h5"
"""Suffix of Keras 3's files with weights alone."""
KERAS_MODELS = (".keras", ".h5", ".hdf5")
"""Suffixes of Keras 3's files with whole models."""


def read(source: Any, **options: Any) -> Any:
    """Return the model of a definition.

    Args:
        source: a path, or a live model of another library.
        options: passed to the reader, such as ``compile=False``.

    Raises:
        ModelFileError: the file defines no model; all its problems are listed.
        ModelError: there is no such file, no reader for it, or an option is unknown.
    """
    failed: dict[str, str] = {}
    readers: list[Any] = []
    for entry in entry_points():
        try:
            reader: Any = entry.load()
            readers.append(reader)
            accepted = reader.accepts(source)
        except Exception as error:  # one broken plug-in must not disable the others; it is named below
            failed[entry.name] = f"{type(error).__name__}: {error}"
            continue
        if accepted:
            _check_options(reader, options)
            return reader.read(source, **options)
    raise ModelError(_refusal(source, readers, failed))


def read_config(config: Any) -> Any:
    """Return the model of a config in Keras's form; readers that can do so have a method `read_config`.

    Args:
        config: a mapping with ``class_name`` and ``config``, or its JSON text.

    Raises:
        ModelFileError: it is not a model's; all its problems are listed.
        ModelError: there is no reader of configs.
    """
    for reader in _readers_with("read_config"):
        return reader.read_config(config)
    raise ModelError(f"no reader of models' configs is installed (entry-point group {GROUP!r})")


def read_columns(source: Any) -> dict[str, Any]:
    """Return what a model file says of the columns of a table; readers that can do so have a method `read_columns`.

    Args:
        source: a path.

    Raises:
        ModelFileError: the file cannot be understood; all its problems are listed.
    """
    for reader in _readers_with("read_columns"):
        if reader.accepts(source):
            found: dict[str, Any] = reader.read_columns(source)
            return found
    return {}


def read_values(source: Any) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Return the plain values of a text file, and the line of each by the keys and numbers that lead to it.

    Readers that can do so have a method `read_values`.

    Args:
        source: a path.

    Raises:
        ModelFileError: the file cannot be understood; all its problems are listed.
        ModelError: there is no reader for it.
    """
    readers = _readers_with("read_values")
    for reader in readers:
        if reader.accepts(source):
            found: tuple[Any, dict[tuple[str | int, ...], int]] = reader.read_values(source)
            return found
    known = ", ".join(sorted({suffix for reader in readers for suffix in reader.suffixes}))
    raise ModelError(f"{str(source)!r} is not a file of plain values ({known or 'no reader is installed'})")


def compute_operations(source: Any, arrays: Sequence[Any], training: bool) -> list[Any]:
    """Return what a live model of another library computes, operation by operation, inside what its author wrote.

    Readers that can do so have a method `compute_operations`.

    Args:
        source: the model.
        arrays: an array per input.
        training: whether layers do as in training.

    Raises:
        ModelError: it cannot be traced.
    """
    for reader in _readers_with("compute_operations"):
        if reader.accepts(source):
            found: list[Any] = reader.compute_operations(source, arrays, training)
            return found
    return []


def call_arguments(source: Any, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of another library's live model, by position and by name, that have tensors in them.

    Readers that can do so have a method `call_arguments`.

    Args:
        source: the model.
        tensors: a tensor or array per input.

    Raises:
        ModelError: it does not say which inputs it takes.
    """
    for reader in _readers_with("call_arguments"):
        if reader.accepts(source):
            found: tuple[list[Any], dict[str, Any]] = reader.call_arguments(source, tensors)
            return found
    return [tensors[0] if len(tensors) == 1 else list(tensors)], {}


def defines_alone(source: Any) -> bool:
    """Whether a file defines a model and has no weights; the readers of such files have `has_weights` = False."""
    return any(not reader.has_weights and reader.accepts(source) for reader in _readers_with("has_weights"))


def load_weights(model: Any, source: Any, **options: Any) -> None:
    """Overwrite a model's weights with those of a file; readers that can do so have a method `load_weights`.

    Args:
        model: the model.
        source: a path.
        options: ``by_name`` and ``skip_mismatch``, see `Model.load_weights`; ``resume``, whether the model, which is
            compiled, trains on with the state of the optimizer in the file.

    Raises:
        ModelError: there is no reader of weights for the file, or they do not fit.
    """
    readers = _readers_with("load_weights")
    for reader in readers:
        if reader.accepts(source):
            reader.load_weights(model, source, **options)
            return
    known = ", ".join(sorted({suffix for reader in readers for suffix in reader.suffixes}))
    raise ModelError(
        f"File format not supported: {str(source)!r} is not a weights file that can be read"
        f" ({known or 'no reader is installed'})"
    )


def save_model(model: Any, path: str | Path) -> None:
    """Write a whole model to a file of Keras's; readers that can do so have a method `save_model`.

    Args:
        model: the model.
        path: a path that ends in one of `KERAS_MODELS`.

    Raises:
        ModelError: there is no reader that writes such a file, or a part of the model cannot be serialised.
    """
    _writer("save_model", path).save_model(model, path)


def save_weights(model: Any, path: str | Path) -> None:
    """Write a model's weights to a file of Keras's; readers that can do so have a method `save_weights`.

    Args:
        model: the model.
        path: a path that ends in ``.weights.h5``.

    Raises:
        ModelError: there is no reader that writes such a file.
    """
    _writer("save_weights", path).save_weights(model, path)


def entry_points(group: str = GROUP) -> Iterator[EntryPoint]:
    """Return the installed plug-ins of a group by name, each once; by default the readers."""
    from importlib.metadata import entry_points as installed

    found = {(entry.name, entry.value): entry for entry in installed(group=group)}
    yield from (found[key] for key in sorted(found))


def _readers_with(method: str) -> list[Any]:
    found: list[Any] = []
    for entry in entry_points():
        with suppress(Exception):  # a broken plug-in must not disable the others
            reader = entry.load()
            if hasattr(reader, method):
                found.append(reader)
    return found


def _writer(method: str, path: str | Path) -> Any:
    for reader in _readers_with(method):
        if reader.accepts(path):
            return reader
    raise ModelError(f"no reader that writes {str(path)!r} is installed (entry-point group {GROUP!r})")


def communicator(given: Any) -> Any:
    """Return the processes that train together; plug-ins of the group ``nnc.communicators`` return them when called.

    Args:
        given: a plug-in's name, such as ``mpi``, or a communicator.

    Raises:
        ModelError: there is no such plug-in, or it cannot be used.
    """
    if not isinstance(given, str):
        return given
    found = {entry.name: entry for entry in entry_points(COMMUNICATORS)}
    if given not in found:
        known = ", ".join(found) or "none"
        raise ModelError(f"distribute={given!r} is not known; there is {known}.{nearest(given, found)}")
    return found[given].load()()


def missing_file(path: Path) -> ModelError:
    """Return the error for a file that does not exist, with the nearest name in its folder."""
    try:
        names = [item.name for item in path.parent.iterdir()]
    except (OSError, ValueError):
        names = []
    return ModelError(f"no such model file: {str(path)!r}.{nearest(path.name, names)}")


def _check_options(reader: Any, options: Mapping[str, Any]) -> None:
    known = [*signature(reader.read).parameters][1:]
    for option in options:
        if option not in known:
            raise ModelError(f"reader '{reader.name}' has no option '{option}'.{nearest(option, known)}")


def _refusal(source: Any, readers: list[Any], failed: Mapping[str, str]) -> str:
    notes = "".join(f"; reader '{name}' could not be used ({reason})" for name, reason in failed.items())
    if not readers:
        return f"no reader of model files is installed: run '{install_command()}' (entry-point group {GROUP!r}){notes}"
    suffixes = ", ".join(sorted({suffix for reader in readers for suffix in reader.suffixes}))
    if not isinstance(source, str | os.PathLike):
        return f"expected an nnc model, a live Keras model or a file ({suffixes}), got {type(source).__name__}{notes}"
    path = Path(source)
    try:
        if path.is_dir():
            return f"{str(path)!r} is a folder; name a model file in it ({suffixes}){notes}"
        exists = path.exists()
    except (OSError, ValueError):  # a name that no file can have, too long or with a NUL
        exists = False
    if not exists and not path.suffix:
        return f"{missing_file(path)}{notes}"
    found = f"the suffix {path.suffix!r}" if path.suffix else "no suffix"
    return f"File format not supported: {str(path)!r} has {found}; model files that can be read are {suffixes}{notes}"
