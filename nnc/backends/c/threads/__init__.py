"""The threads of compiled code: how many parallel loops may use, and the pool that all programs share."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.toolchain import build
from nnc.errors import CompilerError

_FOLDER = Path(__file__).parent


def _count() -> int:
    """Return what ``OMP_NUM_THREADS`` says, by default one per core that this process may use."""
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if text.isdigit() and int(text) > 0:
        return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


THREADS = numpy.array([_count()], numpy.int64)
"""The number, in memory that every run reads."""


@cache
def team_text() -> str:
    """Return what a unit with parallel loops takes from OpenMP's library or has in its place."""
    return (_FOLDER / "team.h").read_text(encoding="utf-8") + members_text()


@cache
def subnormals_text() -> str:
    """Return the functions that let a thread compute without subnormal numbers, and as before."""
    return (_FOLDER / "subnormals.h").read_text(encoding="utf-8")


@cache
def members_text() -> str:
    """Return the function that says how many threads share some work; where there is OpenMP, ``omp.h`` comes before."""
    return (_FOLDER / "members.h").read_text(encoding="utf-8")


def pool() -> int | None:
    """Return the address of ``nnc_fork``, whose threads start when they are first needed.

    It is None where threads come from OpenMP's library, as everywhere but on Linux, and where it cannot be compiled:
    then loops run on one thread.
    """
    library = pool_library()
    return None if library is None else ctypes.cast(library.nnc_fork, ctypes.c_void_p).value


def call_each(function: Any, records: Sequence[ctypes.Structure]) -> None:
    """Call a compiled function with the address of each record, at once where there are threads."""
    addresses = (ctypes.c_void_p * len(records))(*map(ctypes.addressof, records))
    library = pool_library()
    if library is None or THREADS[0] == 1:
        for address in addresses:
            function(ctypes.c_void_p(address))
    else:
        library.nnc_call_each(function, addresses, ctypes.c_int64(len(records)))


@cache
def pool_library() -> ctypes.CDLL | None:
    """Return the compiled pool, see ``pool.c``; None where there is none, see `pool`."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        text = subnormals_text() + (_FOLDER / "pool.c").read_text(encoding="utf-8")
        library = ctypes.CDLL(str(build(text, level=2, extra=("-pthread",))))
    except CompilerError as error:
        import logging  # which a start does without

        logging.getLogger("nnc").warning("compiled code runs on one thread: %s", error)
        return None
    library.nnc_call_each.restype = None
    return library


def _use_one() -> None:
    """The threads of a parent are not in its child, where nothing would do their parts."""
    THREADS[0] = 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_use_one)
