"""Times contestants in turn, round by round: only ratios within a round are compared, so that noise hits all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.quiet import wait_until_quiet

Timer = Callable[[int], float]
"""Runs a work this many times and returns the seconds that took."""


@dataclass(frozen=True)
class Quartiles:
    """The median of a series of numbers, and what a quarter of them lies below and above."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(numbers: Sequence[float]) -> Quartiles:
        """Return those of some numbers."""
        if len(numbers) == 1:
            return Quartiles(numbers[0], numbers[0], numbers[0])
        low, median, high = statistics.quantiles(numbers, n=4, method="inclusive")
        return Quartiles(median, low, high)


@dataclass(frozen=True)
class Comparison:
    """Seconds per unit of work, by contestant, one number per round."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Return the median of a contestant's seconds."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, other: str) -> Quartiles:
        """Return how many times as long as another a contestant takes, of the ratios within rounds."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return Quartiles.of([above / below for above, below in pairs])

    def fastest(self, names: Sequence[str]) -> str:
        """Return the contestant with the smallest median."""
        return min(names, key=self.median)


def compare_timers(
    timers: Mapping[str, Timer],
    rounds: int,
    min_time: float,
    units: int = 1,
    least: int = 1,
    patience: float = 0.0,
) -> Comparison:
    """Time anything in turn.

    Args:
        timers: timers by name, those of other processes too.
        rounds: how often each has its turn; every round starts with another one.
        min_time: seconds of a turn, at least.
        units: by how many to divide, where one work is, say, an epoch of so many steps.
        least: repetitions of a turn, at least, where a call has costs of its own that are not to be measured.
        patience: seconds to wait before a round for other programs to leave the processors alone.
    """
    counts = {name: _calibrate(measure, min_time, least) for name, measure in timers.items()}
    seconds: dict[str, list[float]] = {name: [] for name in timers}
    names = list(timers)
    for turn in range(rounds):
        first = turn % len(names)
        wait_until_quiet(patience)
        for name in names[first:] + names[:first]:
            seconds[name].append(timers[name](counts[name]) / counts[name] / units)
    return Comparison(seconds)


def _calibrate(measure: Timer, min_time: float, least: int) -> int:
    """Warm up, and return how many repetitions fill the time."""
    measure(1)
    count = least
    while True:
        taken = measure(count)
        if taken >= min_time:
            return count
        count = max(count + 1, min(count * 10, round(1.1 * count * min_time / max(taken, 1e-9))))


@dataclass(frozen=True)
class Processes:
    """Whole processes, run in turn."""

    wall: Comparison
    cpu: Comparison


def compare_processes(
    commands: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    rounds: int,
    warm: int = 1,
    patience: float = 0.0,
    prepare: Callable[[], object] | None = None,
) -> Processes:
    """Run commands in turn; take their wall time, and the user and system time that the kernel charged to them.

    Args:
        commands: command lines by name.
        environment: environment variables of all of them.
        rounds: how often each has its turn.
        warm: rounds before the first that counts, to fill file and bytecode caches.
        patience: seconds to wait before a round for other programs to leave the processors alone.
        prepare: called before each process; its time does not count.

    Raises:
        RuntimeError: a command fails.
    """
    wall: dict[str, list[float]] = {name: [] for name in commands}
    cpu: dict[str, list[float]] = {name: [] for name in commands}
    names = list(commands)
    for turn in range(-warm, rounds):
        first = turn % len(names)
        wait_until_quiet(patience)
        for name in names[first:] + names[:first]:
            if prepare is not None:
                prepare()
            taken, charged = _run_process(commands[name], environment)
            if turn >= 0:
                wall[name].append(taken)
                cpu[name].append(charged)
    return Processes(Comparison(wall), Comparison(cpu))


def _run_process(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    start = perf_counter()
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    taken = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return taken, usage.ru_utime + usage.ru_stime
