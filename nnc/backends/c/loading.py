"""Loads compiled units, and unloads them when nothing needs them any more."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from weakref import finalize

_FORK_OF_CLANG = "__kmpc_fork_call"
_kept: dict[str, ctypes.CDLL] = {}


def load(path: Path) -> ctypes.CDLL:
    """Return a library, which is unloaded when the object is gone, and with it the functions taken from it.

    Who keeps nothing but an address of something in it must keep the object as well.

    Raises:
        OSError: it cannot be loaded.
    """
    library = ctypes.CDLL(os.fspath(path))
    unload_with(library)
    return library


def unload_with(library: ctypes.CDLL) -> None:
    """Unload a library when the object is gone; not at the end of the process, when threads may be running it."""
    finalize(library, _unload, library._handle).atexit = False


def keep_threads_of(library: ctypes.CDLL, path: Path, compiler: str) -> None:
    """Keep the OpenMP library of a compiler loaded: its threads go on when all that they have run is unloaded.

    One unit that needs it stays for that. What GCC makes on Linux has no such threads, see ``threads/team.h``.

    Args:
        library: a unit with loops for several threads.
        path: where it lies.
        compiler: that made it.
    """
    if not sys.platform.startswith("linux") or hasattr(library, _FORK_OF_CLANG):
        _kept.setdefault(compiler, ctypes.CDLL(os.fspath(path)))


def load_error(path: Path) -> str:
    """Return why a library cannot be loaded, an empty text if it can."""
    try:
        load(path)
    except OSError as error:
        return str(error)
    return ""


def _unload(handle: int) -> None:
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)
