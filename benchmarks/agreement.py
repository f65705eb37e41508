"""Whether contestants compute the same: who wins by computing something else does not win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy

from benchmarks.report import Row
from benchmarks.worker import Workers

TOLERANCE = 1e-3
"""Largest difference, relative to the largest number: engines add up in different orders, and training multiplies
that."""


def agreement_rows(work: str, workers: Workers, subject: str, tolerance: float = TOLERANCE) -> list[Row]:
    """Compare the numbers of all contestants with those of one, and take peers that differ out of the race.

    Args:
        work: what is done.
        workers: the contestants; peers that differ lose their timers.
        subject: whose numbers the others are compared with.
        tolerance: largest difference, relative to the largest number.
    """
    if subject not in workers.numbers:
        return []
    wanted = workers.numbers[subject]
    errors = {name: _difference(found, wanted) for name, found in workers.numbers.items() if name != subject}
    rows = []
    for name in [name for name, error in errors.items() if not error <= tolerance]:
        if not name.startswith("nnc"):
            workers.timers.pop(name, None)
        rows.append(
            Row(work, name, f"computes something else: off by {errors.pop(name):.1e}", wanted="same", reached=False)
        )
    if errors:
        same = f"{len(errors) + 1} contestants, off by {max(errors.values()):.1e} at most"
        rows.append(Row(work, "same numbers", same, wanted=f"≤ {tolerance:g}", reached=True))
    return rows


def _difference(found: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the largest difference relative to the largest number, infinite where there are not as many."""
    if len(found) != len(wanted):
        return float("inf")
    first, second = numpy.asarray(found), numpy.asarray(wanted)
    return float(abs(first - second).max() / abs(second).max())


def numbers_of(array: object, count: int = 1000) -> Sequence[float]:
    """Return the first numbers of an array of predictions."""
    found: Sequence[float] = numpy.asarray(array).ravel()[:count].tolist()
    return found


def losses_of(history: Mapping[str, Sequence[float]]) -> Sequence[float]:
    """Return the losses of what `fit` returns as ``history``."""
    return history["loss"]
