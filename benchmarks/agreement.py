"""Whether contestants compute the same: who wins by computing something else does not win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy

from benchmarks.report import Row

TOLERANCE = 1e-3
"""Largest difference, relative to the largest number: engines add up in different orders, and training multiplies
that."""


def agreement(
    work: str, numbers: Mapping[str, Sequence[float] | None], subject: str, tolerance: float = TOLERANCE
) -> tuple[list[Row], list[str]]:
    """Compare the numbers of all contestants with those of one; return rows, and the names of those that differ.

    Args:
        work: what is done.
        numbers: by contestant; None where one cannot say.
        subject: whose numbers the others are compared with.
        tolerance: largest difference, relative to the largest number.
    """
    silent = [name for name, found in numbers.items() if found is None]
    rows = [Row(work, name, "its numbers cannot be compared") for name in silent]
    wanted = numbers.get(subject)
    if wanted is None:
        return rows, []
    errors = {
        name: _difference(found, wanted) for name, found in numbers.items() if name != subject and found is not None
    }
    differing = [name for name, error in errors.items() if not error <= tolerance]
    for name in differing:
        said = f"computes something else: off by {errors.pop(name):.1e}"
        rows.append(Row(work, name, said, wanted="same", reached=False))
    if errors:
        same = f"{len(errors) + 1} contestants, off by {max(errors.values()):.1e} at most"
        rows.append(Row(work, "same numbers", same, wanted=f"≤ {tolerance:g}", reached=True))
    return rows, differing


def _difference(found: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the largest difference relative to the largest number, infinite where there are not as many."""
    if len(found) != len(wanted):
        return float("inf")
    first, second = numpy.asarray(found), numpy.asarray(wanted)
    return float(abs(first - second).max() / abs(second).max())
