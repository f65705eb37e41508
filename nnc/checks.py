"""Checks of single values that a user gave, each with the message for a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

import numpy

from nnc.errors import ModelError, nearest


def is_number(value: Any) -> bool:
    """Return whether something is a real number, infinite or not, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool | numpy.bool_)


def is_whole(value: Any) -> bool:
    """Return whether something is an integer of Python's or NumPy's, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_number(
    where: str,
    key: str,
    value: Any,
    low: float = -inf,
    high: float = inf,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """Return a finite number; one of NumPy's as one of Python's.

    Args:
        where: what has the argument, for messages.
        key: the argument's name.
        value: what was given.
        low: the smallest that it may be.
        high: the largest that it may be.
        above: what it has to be larger than.
        below: what it has to be smaller than.

    Raises:
        ModelError: it is something else.
    """
    if (
        is_number(value)
        and isfinite(value)
        and low <= value <= high
        and (above is None or value > above)
        and (below is None or value < below)
    ):
        return value if isinstance(value, int | float) else float(value)
    least = f"above {above:g}" if above is not None else f"of at least {low:g}" if low > -inf else ""
    most = f"below {below:g}" if below is not None else f"of at most {high:g}" if high < inf else ""
    if low > -inf and (high < inf or below is not None) and above is None:
        limits = f"number from {low:g} to {f'below {below:g}' if below is not None else f'{high:g}'}"
    else:
        limits = f"finite number {' and '.join(filter(None, (least, most)))}".rstrip()
    raise ModelError(f"{where}: {key} must be a {limits}, got {value!r}")


def check_positive(where: str, key: str, value: Any) -> int:
    """Return a positive whole number.

    Raises:
        ModelError: it is none.
    """
    if not is_whole(value) or value <= 0:
        raise ModelError(f"{where}: {key} must be a positive integer, got {value!r}")
    return int(value)


def check_whole(where: str, key: str, value: Any, least: int | None = None) -> int:
    """Return a whole number.

    Raises:
        ModelError: it is none, or smaller than `least`.
    """
    if not is_whole(value) or (least is not None and value < least):
        limits = "" if least is None else f" of at least {least}"
        raise ModelError(f"{where}: {key} must be an integer{limits}, got {value!r}")
    return int(value)


def check_flag(where: str, key: str, value: Any) -> bool:
    """Return a boolean.

    Raises:
        ModelError: it is none; text such as ``"no"`` would count as true.
    """
    if not isinstance(value, bool | int | numpy.bool_) or value not in (0, 1):
        raise ModelError(f"{where}: {key} must be True or False, got {value!r}")
    return bool(value)


def check_seed(where: str, key: str, value: Any) -> int | None:
    """Return a seed: a whole number or None.

    Raises:
        ModelError: it is neither.
    """
    if value is not None and not is_whole(value):
        raise ModelError(f"{where}: {key} must be an integer or None, got {value!r}")
    return None if value is None else int(value)


def check_choice(where: str, key: str, value: Any, known: Iterable[Any]) -> Any:
    """Return one of some words or other values, unchanged.

    Raises:
        ModelError: it is none of them; the message has the nearest.
    """
    listed = list(known)
    if any(value is item or (type(value) is type(item) and value == item) for item in listed):
        return value
    words = [item for item in listed if isinstance(item, str)]
    names = ", ".join(words) + (" or None" if None in listed else "")
    hint = nearest(value, words) if isinstance(value, str) else ""
    raise ModelError(f"{where}: {key} must be one of {names}, got {value!r}.{hint}")
