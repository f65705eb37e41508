"""How long to measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.timing import Comparison, Processes, Timer, compare_processes, compare_timers

BACKENDS = ("numpy", "c")


@dataclass(frozen=True)
class Settings:
    """How long to measure.

    Args:
        rounds: how often each contestant has its turn.
        min_time: seconds of a turn.
        short_rounds: rounds for contestants that take microseconds and differ by little.
        short_time: seconds of a turn for these.
        processes: rounds of whole processes.
        starts: processes of each contestant whose set-up is measured.
        calls: calls over which memory must not grow.
        patience: seconds to wait before a round for other programs to leave the processors alone.
        backends: the backends of nnc that are measured.
        engines: the peers that take part.
        named: those of them that were asked for by name, so that a work without them says so.
    """

    rounds: int = 15
    min_time: float = 0.25
    short_rounds: int = 101
    short_time: float = 0.02
    processes: int = 40
    starts: int = 5
    calls: int = 100_000
    patience: float = 2.0
    backends: tuple[str, ...] = BACKENDS
    engines: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def race(self, timers: Mapping[str, Timer], units: int = 1, least: int = 1, short: bool = False) -> Comparison:
        """Time contestants in turn.

        Args:
            timers: by name.
            units: by how many to divide, where one work is, say, an epoch of so many steps.
            least: repetitions of a turn, at least.
            short: whether the contestants take microseconds and differ by little.
        """
        rounds, time = (self.short_rounds, self.short_time) if short else (self.rounds, self.min_time)
        return compare_timers(timers, rounds, time, units, least, self.patience)

    def processes_in_turn(
        self,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        rounds: int | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> Processes:
        """Run whole processes in turn; see `benchmarks.timing.compare_processes`."""
        rounds = self.processes if rounds is None else min(rounds, self.processes)
        return compare_processes(commands, environment, rounds, patience=self.patience, prepare=prepare)


FULL = Settings()
QUICK = Settings(rounds=5, min_time=0.05, short_rounds=31, short_time=0.01, processes=9, starts=3, calls=10_000)
HURRIED = Settings(
    rounds=3, min_time=0.02, short_rounds=5, short_time=0.005, processes=2, starts=1, calls=1_000, patience=0.0
)
"""To try the benchmarks out: its ratios mean little."""
