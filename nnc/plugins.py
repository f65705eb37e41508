"""Readers of model files are plug-ins of the entry-point group ``nnc.frontends``; this finds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "nnc.frontends"
"""Entry-point group in which packages declare their readers; each names a `Frontend`."""


def load_weights(model: Any, source: Any, **options: Any) -> None:
    """Overwrite a model's weights with those of a file; readers that can do so have a method `load_weights`.

    Args:
        model: the model.
        source: a path.
        options: ``by_name`` and ``skip_mismatch``, see `Model.load_weights`.

    Raises:
        ModelError: there is no reader of weights for the file, or they do not fit.
    """
    readers: list[Any] = []
    for entry in entry_points():
        with suppress(Exception):  # a broken plug-in must not disable the others
            reader = entry.load()
            if hasattr(reader, "load_weights"):
                readers.append(reader)
    for reader in readers:
        if reader.accepts(source):
            reader.load_weights(model, source, **options)
            return
    known = ", ".join(sorted({suffix for reader in readers for suffix in reader.suffixes}))
    raise ModelError(f"{str(source)!r} is no file of weights that can be read ({known or 'no reader is installed'})")


def entry_points() -> Iterator[EntryPoint]:
    """Return the installed readers by name, each once."""
    from importlib.metadata import entry_points as installed

    found = {(entry.name, entry.value): entry for entry in installed(group=GROUP)}
    yield from (found[key] for key in sorted(found))
