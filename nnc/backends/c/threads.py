"""How many threads parallel loops of compiled code may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy


def _count() -> int:
    """Return what ``OMP_NUM_THREADS`` says, by default one per core that this process may use."""
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if text.isdigit() and int(text) > 0:
        return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


THREADS = numpy.array([_count()], numpy.int64)
"""The number, in memory that every run reads."""


SPIN_COUNT = "GOMP_SPINCOUNT", "10000"
"""How often a thread of GNU's OpenMP looks for work before it sleeps: some 30 µs, not milliseconds, in which it would
keep a core from whoever has the work."""
_WAITING = "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"


@contextmanager
def short_waits() -> Iterator[None]:
    """Let OpenMP, if it is loaded in the block, have threads that wait briefly, unless the user has said how."""
    if any(name in os.environ for name in _WAITING):
        yield
        return
    name, value = SPIN_COUNT
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)


def _use_one() -> None:
    """The threads of a parent are not in its child, and OpenMP would wait for them."""
    THREADS[0] = 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_use_one)
