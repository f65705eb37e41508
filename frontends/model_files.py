"""Paths of binary model files: what is wrong with one is said before a library opens it."""

from __future__ import annotations

import os
from pathlib import Path

from nnc.errors import ModelError
from nnc.readers import missing_file

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


def is_hdf5(source: str | os.PathLike[str]) -> bool:
    """Return whether a path is a regular file that begins as HDF5 files do."""
    path = Path(source)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_HDF5)) == _HDF5
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return False


def checked_path(source: str | os.PathLike[str], magic: bytes = _HDF5) -> Path:
    """Return the path of a regular file.

    Args:
        source: a path.
        magic: how such a file begins.

    Raises:
        ModelError: there is none, or it is of another kind; pickles are refused by name.
    """
    path = Path(source)
    try:
        if path.is_dir():
            raise ModelError(f"{str(path)!r} is a folder; name a model file in it")
        if path.exists() and not path.is_file():
            raise ModelError(f"{str(path)!r} is not a regular file")
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise missing_file(path) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{str(path)!r} cannot be read: {reason}") from error
    if start.startswith(_PICKLES):
        raise ModelError(f"{str(path)!r} is a Python pickle, which is never read, since it could run any code")
    if magic != _ZIP and start.startswith(_ZIP):
        raise ModelError(f"{str(path)!r} is a zip archive, which is named .keras; rename it")
    return path
