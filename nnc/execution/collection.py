"""Pauses Python's garbage collector while a model is compiled."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the collector of cycles from running inside the block.

    Compiling makes hundreds of thousands of objects that live until it is done; to look through them again and again
    takes a third of the time.
    """
    if not gc.isenabled():  # nor to be disabled: another thread may let it go on just now, and nobody would again
        yield
        return
    _pausing.append(threading.get_ident())
    gc.disable()
    try:
        yield
    finally:
        _pausing.clear()
        gc.enable()


_pausing: list[int] = []
"""The thread that will let it run again."""


def _go_on() -> None:
    """Let the collector run in a child whose parent had a thread that would have done so."""
    if _pausing and threading.get_ident() not in _pausing:
        _pausing.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on)
