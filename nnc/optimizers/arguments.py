"""Checks of the numbers that optimizers are given."""

from __future__ import annotations

from math import inf, isfinite
from numbers import Real
from typing import Any

from nnc.errors import ModelError


def positive(where: str, key: str, value: Any) -> float:
    """Return a finite number above 0.

    Args:
        where: what has the argument, for messages.
        key: name of the argument.
        value: what was given.

    Raises:
        ModelError: it is something else.
    """
    if _finite(value) > 0:
        return float(value)
    raise ModelError(f"{where}: {key} must be a finite number above 0, got {value!r}")


def not_negative(where: str, key: str, value: Any) -> float:
    """Return a finite number of at least 0.

    Raises:
        ModelError: it is something else.
    """
    if _finite(value) >= 0:
        return float(value)
    raise ModelError(f"{where}: {key} must be a finite number of at least 0, got {value!r}")


def fraction(where: str, key: str, value: Any, below_one: bool = False) -> float:
    """Return a number from 0 to 1.

    Raises:
        ModelError: it is something else.
    """
    if 0 <= _finite(value) <= 1 and not (below_one and value == 1):
        return float(value)
    raise ModelError(f"{where}: {key} must be a number from 0 to {'below ' if below_one else ''}1, got {value!r}")


def whole(where: str, key: str, value: Any, least: int) -> int:
    """Return a whole number of at least `least`.

    Raises:
        ModelError: it is something else.
    """
    if _finite(value) >= least and value == int(value):
        return int(value)
    raise ModelError(f"{where}: {key} must be a whole number of at least {least}, got {value!r}")


def _finite(value: Any) -> float:
    """Return the number, or one that no check accepts."""
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        return -inf
    return float(value)
