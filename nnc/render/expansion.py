"""The parts of a picture that are to be opened, by name."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.errors import ModelError, nearest

EVERYTHING = "all"
"""The words that let every layer, or every op, be drawn by itself."""


def is_called(path: str, name: str) -> bool:
    """Whether a layer is called so, or is part of a block that is: ``conv2_block1_add`` is of ``conv2_block1``."""
    return path == name or (path.startswith(name) and path[len(name)] in "_-.")


def check_names(what: str, part: str, paths: Iterable[str], wanted: Iterable[str]) -> None:
    """Refuse names that nothing has.

    Args:
        what: is drawn, in words.
        part: what it consists of: ``layer`` or ``op``.
        paths: of the layers in it.
        wanted: names that are to be opened; `EVERYTHING` is always there.

    Raises:
        ModelError: no layer is called so, or is part of what is.
    """
    known = list(dict.fromkeys(paths))
    for name in wanted:
        if name != EVERYTHING and not any(is_called(path, name) for path in known):
            raise ModelError(
                f"{what} has no model, block or layer '{name}' to expand; "
                f"'{EVERYTHING}' draws every {part} by itself.{nearest(name, known)}"
            )
