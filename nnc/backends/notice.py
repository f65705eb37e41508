"""Says once that there is no compiler."""

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
            " `pip install ziglang`, for the C backend"
        )
