"""Defines and uses readers of models, which are plug-ins of the entry-point group ``nnc.frontends``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nnc.errors import ModelError
from nnc.plugins import missing_file, read

if TYPE_CHECKING:
    from nnc.models import Model


class Frontend(Protocol):
    """The protocol of entry points of the group ``nnc.frontends``: a reader of one kind of model definition.

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
    model = read(source, **options)
    if not isinstance(model, Model):
        raise ModelError(
            f"{str(source)!r} has a {type(model).__name__}, and no model; nnc.models.load_model reads it, and it is"
            " called on columns"
        )
    return model


__all__ = ["Frontend", "missing_file", "read_model"]
