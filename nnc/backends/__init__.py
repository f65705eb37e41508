"""Backends: print a plan as source, and make something that runs of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from nnc.backends.backend import Backend, BoundRun, Executable
from nnc.errors import ModelError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

AUTO = "auto"
"""C where work is worth compiling for, otherwise NumPy; see `nnc.backends.choice`."""
BackendName = Literal["auto", "numpy", "c"]
"""The names that type checkers know; those that packages bring are not among them."""
BACKENDS = (AUTO, "numpy", "c")
DEFAULT = AUTO
"""The backend where neither the caller nor the environment chooses one."""
GROUP = "nnc.backends"
"""Entry-point group in which packages declare backends of their own; each names what makes a `Backend`."""

__all__ = [
    "AUTO",
    "BACKENDS",
    "DEFAULT",
    "GROUP",
    "Backend",
    "BackendName",
    "BoundRun",
    "Executable",
    "backend_name",
    "find_backend",
    "is_backend_named",
    "known_backends",
]


def backend_name(name: str | None = None) -> str:
    """Return the name of a backend, None standing for what ``NNC_BACKEND`` says, or for `DEFAULT`.

    Raises:
        ModelError: there is no such backend.
    """
    found = name or os.environ.get("NNC_BACKEND") or DEFAULT
    if found not in BACKENDS and found not in (known := known_backends()):
        where = "" if name else "$NNC_BACKEND: "
        raise ModelError(f"{where}unknown backend {found!r}; there are {', '.join(known)}.{nearest(str(found), known)}")
    return found


def known_backends() -> tuple[str, ...]:
    """Return the names of all backends, those of other packages too."""
    return (*BACKENDS, *_others())


def is_backend_named(name: str | None = None) -> bool:
    """Return whether the caller or ``NNC_BACKEND`` names a backend, so that `DEFAULT` is not asked for."""
    return bool(name or os.environ.get("NNC_BACKEND"))


def _others() -> dict[str, EntryPoint]:
    """Return the backends that other packages bring, by name."""
    from nnc.plugins import entry_points

    return {entry.name: entry for entry in entry_points(GROUP)}


def find_backend(name: str | None = None) -> Backend:
    """Return a backend by name.

    Args:
        name: ``numpy``; ``c``, which needs a C compiler when graphs are first run; ``auto``, which programs decide by
            the work that is asked of them, and which is NumPy for work of which nothing is known; or one that a package
            brings, see `GROUP`. By default what the environment variable ``NNC_BACKEND`` says, or `DEFAULT`.

    Raises:
        ModelError: there is no such backend, or the package that brings it cannot be imported.
    """
    name = backend_name(name)
    if name not in BACKENDS:
        try:
            backend: Backend = _others()[name].load()()
        except Exception as error:  # whatever goes wrong in somebody else's package, it is named
            raise ModelError(f"backend '{name}' could not be used ({type(error).__name__}: {error})") from error
        return backend
    if name == "c":
        from nnc.backends.c.backend import CBackend

        return CBackend()
    from nnc.backends.numpy.backend import NumpyBackend

    return NumpyBackend()
