"""Delivers hints to the user: as warnings at the line that called nnc, each text once per program."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from nnc.errors import NncWarning, user_level

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
    warnings.warn(NncWarning(hint.name, hint.text), stacklevel=user_level())
