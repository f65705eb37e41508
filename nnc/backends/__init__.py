"""Backends: print a plan as source, and make something that runs of it."""

from __future__ import annotations

import os

from nnc.backends.backend import Backend, BoundRun, Executable
from nnc.errors import ModelError, nearest

BACKENDS = ("auto", "numpy", "c")
DEFAULT = "numpy"
"""The backend where neither the caller nor the environment chooses one."""

__all__ = ["BACKENDS", "DEFAULT", "Backend", "BoundRun", "Executable", "backend_name", "find_backend"]


def backend_name(name: str | None = None) -> str:
    """Return the name of a backend, None standing for what ``NNC_BACKEND`` says, or for `DEFAULT`.

    Raises:
        ModelError: there is no such backend.
    """
    found = name or os.environ.get("NNC_BACKEND") or DEFAULT
    if found not in BACKENDS:
        where = "" if name else "$NNC_BACKEND: "
        known = ", ".join(BACKENDS)
        raise ModelError(f"{where}unknown backend {found!r}; there are {known}.{nearest(str(found), BACKENDS)}")
    return found


def find_backend(name: str | None = None) -> Backend:
    """Return a backend by name.

    Args:
        name: ``numpy``; ``c``, which needs a C compiler when graphs are first run; or ``auto``: C where there is a
            compiler, otherwise NumPy, with one notice. By default what the environment variable ``NNC_BACKEND`` says,
            or `DEFAULT`.

    Raises:
        ModelError: there is no such backend.
    """
    name = backend_name(name)
    if name == "numpy":
        from nnc.backends.numpy.backend import NumpyBackend

        return NumpyBackend()
    from nnc.backends.c.backend import CBackend

    if name == "auto":
        from nnc.backends.c.toolchain import find_compiler

        if find_compiler() is None:
            from nnc.backends.notice import no_compiler

            no_compiler()
            return find_backend("numpy")
    return CBackend(is_optional=name == "auto")
