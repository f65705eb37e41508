"""How long to measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How long to measure.

    Args:
        rounds: how often each contestant has its turn.
        min_time: seconds of a turn.
        short_rounds: rounds for contestants that take microseconds and differ by little.
        short_time: seconds of a turn for these.
        processes: rounds of whole processes.
        calls: calls over which memory must not grow.
    """

    rounds: int = 15
    min_time: float = 0.25
    short_rounds: int = 101
    short_time: float = 0.02
    processes: int = 40
    calls: int = 100_000


FULL = Settings()
QUICK = Settings(rounds=5, min_time=0.05, short_rounds=31, short_time=0.01, processes=9, calls=10_000)
