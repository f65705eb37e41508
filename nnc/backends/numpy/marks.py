"""Counters for marked NumPy source: nanoseconds between marks, and how often each block was entered."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns

from nnc.backends.marks import EMPTY, OUTSIDE


class Counters:
    """Counts for one source; not to be used by several threads.

    Attributes:
        mark: charges the time since the last mark to the block that was open, and opens the one of this number.
    """

    def __init__(self) -> None:
        self._ticks, self._visits = [0], [0]
        self.mark = self._marker()

    def _marker(self) -> Callable[[int], None]:
        ticks, visits, clock = self._ticks, self._visits, perf_counter_ns
        place, last = OUTSIDE, clock()

        def mark(number: int) -> None:
            nonlocal place, last
            now = clock()
            ticks[place] += now - last
            visits[number] += 1
            place = number
            last = clock()  # anew, so that nobody is charged for this function

        return mark

    def hold(self, blocks: int) -> None:
        """Make room for so many blocks."""
        for counts in (self._ticks, self._visits):
            counts.extend([0] * (EMPTY + blocks + 1 - len(counts)))

    def reset(self) -> None:
        """Count from now on."""
        self.mark(OUTSIDE)
        for counts in (self._ticks, self._visits):
            counts[:] = [0] * len(counts)

    def now(self) -> int:
        """Return the clock, in nanoseconds."""
        return perf_counter_ns()

    def ticks(self) -> list[int]:
        """Return the nanoseconds by number."""
        return list(self._ticks)

    def visits(self) -> list[int]:
        """Return how often each number was marked."""
        return list(self._visits)
