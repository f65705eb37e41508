"""Delivers hints to the user: as warnings at the line that called nnc, each text once per program."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from nnc.errors import NncWarning

_TOLD: ContextVar[set[str] | None] = ContextVar("told", default=None)


@dataclass(frozen=True)
class Hint:
    """A hint to the user.

    Args:
        name: short name in kebab case, the same for all hints of a kind.
        text: what was found, and what to do, in one sentence without its full stop.
    """

    name: str
    text: str


@contextmanager
def telling(told: set[str]) -> Iterator[None]:
    """Let hints inside the block that are in a program's set go untold, and add to it those that are told."""
    token = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(token)


def tell(hint: Hint) -> None:
    """Warn, unless the program that is being worked on was warned of the same before."""
    told = _TOLD.get()
    if told is not None:
        if hint.text in told:
            return
        told.add(hint.text)
    warnings.warn(NncWarning(hint.name, hint.text), stacklevel=_levels_inside())


def _levels_inside() -> int:
    """Return the stack level of the first caller that is not of this package."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level
