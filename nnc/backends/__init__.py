"""Backends: print a plan as source, and make something that runs of it."""

from __future__ import annotations

import os

from nnc.backends.backend import Backend, BoundRun, Executable
from nnc.errors import ModelError, nearest

BACKENDS = ("auto", "numpy", "c")

__all__ = ["BACKENDS", "Backend", "BoundRun", "Executable", "find_backend"]


def find_backend(name: str | None = None) -> Backend:
    """Return a backend by name.

    Args:
        name: ``numpy``; ``c``, which needs a C compiler when graphs are first run; or ``auto``: C where there is a
            compiler, otherwise NumPy, with one notice. By default what the environment variable ``NNC_BACKEND`` says,
            or ``numpy``.

    Raises:
        ModelError: there is no such backend.
    """
    name = name or os.environ.get("NNC_BACKEND") or "numpy"
    if name not in BACKENDS:
        raise ModelError(f"unknown backend '{name}'; there are {', '.join(BACKENDS)}.{nearest(name, BACKENDS)}")
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
    return CBackend()
