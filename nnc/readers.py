"""Finds a reader for a model file or a live object: readers are plug-ins of the entry-point group ``nnc.frontends``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nnc.errors import ModelError, nearest
from nnc.plugins import GROUP, entry_points

if TYPE_CHECKING:
    from nnc.models import Model


class Frontend(Protocol):
    """What an entry point of the group ``nnc.frontends`` names: a reader of one kind of model definition.

    `read` may have keyword arguments; `read_model` passes its own on to it.
    """

    @property
    def name(self) -> str:
        """Short name of the reader, for messages."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Suffixes of the files it reads, such as ``.yaml``; empty for a reader of live objects."""

    def accepts(self, source: Any) -> bool:
        """Return whether the source is of the reader's kind, without opening it."""

    def read(self, source: Any) -> Model:
        """Return the model that a source defines.

        Raises:
            ModelError: it defines none.
        """


def read_model(source: Any, **options: Any) -> Model:
    """Return the nnc model of a definition.

    Args:
        source: an nnc model, which is returned as it is; a path; or a live model of another library.
        options: passed to the reader, such as ``compile=False``, which ignores the definition's optimizer and loss.

    Raises:
        ModelFileError: the file defines no model; all its problems are listed.
        ModelError: there is no such file, no reader for it, or an option is unknown.
    """
    from nnc.models import Model

    if isinstance(source, Model):
        return source
    failed: dict[str, str] = {}
    readers: list[Frontend] = []
    for entry in entry_points():
        try:
            reader: Frontend = entry.load()
            readers.append(reader)
            accepted = reader.accepts(source)
        except Exception as error:  # one broken plug-in must not disable the others; it is named below
            failed[entry.name] = f"{type(error).__name__}: {error}"
            continue
        if accepted:
            _check_options(reader, options)
            return reader.read(source, **options)
    raise ModelError(_refusal(source, readers, failed))


def missing_file(path: Path) -> ModelError:
    """Return the error for a file that does not exist, with the nearest name in its folder."""
    try:
        names = [item.name for item in path.parent.iterdir()]
    except (OSError, ValueError):
        names = []
    return ModelError(f"no such model file: {str(path)!r}.{nearest(path.name, names)}")


def _check_options(reader: Frontend, options: Mapping[str, Any]) -> None:
    known = [*signature(reader.read).parameters][1:]
    for option in options:
        if option not in known:
            raise ModelError(f"reader '{reader.name}' has no option '{option}'.{nearest(option, known)}")


def _refusal(source: Any, readers: list[Frontend], failed: Mapping[str, str]) -> str:
    notes = "".join(f"; reader '{name}' could not be used ({reason})" for name, reason in failed.items())
    if not readers:
        return f"no reader of model files is installed: run 'pip install nnc' (entry-point group {GROUP!r}){notes}"
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
    return f"{str(path)!r} has {found}; model files that can be read are {suffixes}{notes}"
