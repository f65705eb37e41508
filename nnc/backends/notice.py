"""What is said where the NumPy backend runs in the place of C."""

from __future__ import annotations

import logging
import threading

_SAID = threading.Event()


def no_compiler() -> None:
    """Log, once in a process, that NumPy runs because no C compiler was found."""
    if not _SAID.is_set():
        _SAID.set()
        logging.getLogger("nnc").warning(
            "no C compiler found ($CC, cc, gcc, clang, ziglang): the NumPy backend runs; install one, or"
            " `pip install 'nnc[c]'`, for the C backend"
        )


def runs_numpy(program: str, error: Exception) -> None:
    """Log that NumPy runs a program because C cannot, and why."""
    logging.getLogger("nnc").warning("program '%s' runs on the NumPy backend, for C cannot run it: %s", program, error)
