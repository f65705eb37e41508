"""Checks of the arguments that losses and metrics are given."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import Any

from nnc.errors import ModelError
from nnc.ir import FLOATING


def checked_dtype(where: str, dtype: Any) -> str | None:
    """Return the element type to compute in, None for the output's own.

    Raises:
        ModelError: it is not floating-point.
    """
    if dtype is not None and (not isinstance(dtype, str) or dtype not in FLOATING):
        raise ModelError(f"{where}: dtype must be one of {', '.join(sorted(FLOATING))} or None, got {dtype!r}")
    return dtype


def checked_number(where: str, key: str, number: Any) -> Any:
    """Return a finite number.

    Raises:
        ModelError: it is something else.
    """
    if isinstance(number, bool) or not isinstance(number, Real) or not isfinite(number):
        raise ModelError(f"{where}: {key} must be a finite number, got {number!r}")
    return number


def checked_fraction(where: str, key: str, number: Any) -> Any:
    """Return a number from 0 to 1.

    Raises:
        ModelError: it is something else.
    """
    if not 0 <= checked_number(where, key, number) <= 1:
        raise ModelError(f"{where}: {key} must be a number from 0 to 1, got {number!r}")
    return number


def checked_axis(where: str, axis: Any) -> int:
    """Return an axis.

    Raises:
        ModelError: it is not a whole number.
    """
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ModelError(f"{where}: axis must be a whole number, got {axis!r}")
    return axis
