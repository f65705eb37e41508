"""Waits until nobody else uses the processors: threads that wait for each other suffer most from company."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

STATISTICS = Path("/proc/stat")
SAMPLE = 0.04
"""Seconds over which the use of the processors is measured: several of the kernel's ticks of 10 ms."""
BUSY = 0.13
"""Fraction of all processors' time that counts as quiet."""


def wait_until_quiet(limit: float) -> bool:
    """Return as soon as the processors are idle, or after `limit` seconds; say whether they were.

    Without a limit nothing is measured.
    """
    if not limit:
        return True
    end = monotonic() + limit
    while STATISTICS.exists():
        if _busy(SAMPLE) <= BUSY:
            return True
        if monotonic() >= end:
            return False
    return True


def _busy(seconds: float) -> float:
    idle, total = _ticks()
    sleep(seconds)
    later, total_later = _ticks()
    return 1.0 - (later - idle) / max(total_later - total, 1)


def _ticks() -> tuple[int, int]:
    """Return idle and all ticks of all processors since the start of the machine."""
    numbers = [int(text) for text in STATISTICS.read_text().splitlines()[0].split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
