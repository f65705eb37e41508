"""A work and who does it: starts all of them, checks that they compute the same, times them in turn, returns rows."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.agreement import agreement
from benchmarks.engines import ENGINES
from benchmarks.report import Row, Versus, rows_of
from benchmarks.set_up import set_up_rows
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.timing import Comparison
from benchmarks.worker import Entrant, Worker, Workers


@dataclass(frozen=True)
class Work:
    """What is measured.

    Args:
        title: as the report calls it.
        target: of `TARGETS`, what the C backend must reach.
        ours: nnc's entrants; of those with the same backend and way, the first is the one that others are compared
            with.
        peers: entrants of other engines.
        others: loops that a person wrote, and other ways of nnc's; goals of these count on their own backend.
        steps: training steps of a run, 1 for predictions.
        epochs: after how many a model counts as trained; None for predictions.
        least: runs of a turn, at least, where a call has costs of its own.
        short: whether the contestants take microseconds and differ by little.
        learns: whether runs are training though nobody asks what it takes until a model is trained.
        unable: what keeps engines from this work, by their names.
    """

    title: str
    target: str
    ours: tuple[Entrant, ...]
    peers: tuple[Entrant, ...]
    others: tuple[Entrant, ...] = ()
    steps: int = 1
    epochs: int | None = None
    least: int = 1
    short: bool = False
    learns: bool = False
    unable: Mapping[str, str] = field(default_factory=dict)


def thread_choices() -> tuple[int, ...]:
    """Return the numbers of threads to measure with: all processors, and one."""
    processors = len(os.sched_getaffinity(0))
    return (processors, 1) if processors > 1 else (1,)


def measure(settings: Settings, work: Work, choices: Sequence[int]) -> list[Row]:
    """Measure with each of these numbers of threads for everybody, set-up with the first alone; return the rows."""
    return [row for threads in choices for row in _measure(settings, work, threads, threads == choices[0])]


def _measure(settings: Settings, work: Work, threads: int, with_set_up: bool) -> list[Row]:
    title = f"{work.title}, {threads} thread{'s' if threads > 1 else ''}"
    learns = work.learns or work.epochs is not None
    entrants = _entrants(settings, work)
    subject = _subjects(work, settings.backends[-1])[0].name
    with Workers() as workers:
        for entrant in entrants:
            workers.start(entrant, threads, learns)
        agreed, differing = agreement(title, workers.numbers(), subject)
        taking_part = [entrant for entrant in entrants if entrant.name in workers.running.keys() - set(differing)]
        timers = {entrant.name: workers.timers[entrant.name] for entrant in taking_part}
        comparison = settings.race(timers, work.steps, work.least, work.short)
        starts = [{name: worker.set_up for name, worker in workers.running.items()}]
    rows = _rows(settings, work, title, comparison)
    if work.epochs is not None and with_set_up:
        starts += _starts(taking_part, threads, settings.starts - 1)
        rows += set_up_rows(title, work.epochs, work.steps, comparison, starts, subject)
    engines = {entrant.engine for entrant in work.peers}
    absent = absent_rows(settings, title, engines, work.unable)
    return [*rows, *agreed, *absent, *workers.failed_rows(title)]


def absent_rows(settings: Settings, title: str, engines: Collection[str], unable: Mapping[str, str]) -> list[Row]:
    """Return a row for each peer that was asked for by name and has nothing to do with a work, or is unable to do it.

    Args:
        settings: who was asked for.
        title: of the work.
        engines: those of its entrants.
        unable: what keeps engines from it, by their names.
    """
    absent = [name for name in settings.named if name not in {*engines, *unable}]
    nobody = [Row(title, ENGINES[name].title, "takes no part in this work") for name in absent]
    return nobody + [
        Row(title, ENGINES[name].title, f"cannot do this work: {why}")
        for name, why in unable.items()
        if name in settings.engines
    ]


def _entrants(settings: Settings, work: Work) -> list[Entrant]:
    """Return who is measured."""
    ours = [entrant for entrant in work.ours if entrant.backend in settings.backends]
    others = [entrant for entrant in work.others if entrant.backend in settings.backends]
    return [*ours, *others, *(entrant for entrant in work.peers if entrant.engine in settings.engines)]


def _subjects(work: Work, backend: str) -> list[Entrant]:
    return [entrant for entrant in work.ours if entrant.backend == backend]


def _starts(entrants: Sequence[Entrant], threads: int, rounds: int) -> list[dict[str, dict[str, float]]]:
    """Start fresh processes in turn, and return what setting up took them, round by round."""
    found = []
    for turn in range(rounds):
        first = turn % len(entrants)
        times: dict[str, dict[str, float]] = {}
        for entrant in [*entrants[first:], *entrants[:first]]:
            with Worker(entrant, threads, learns=True) as worker:
                times[entrant.name] = worker.set_up
        found.append(times)
    return found


def _rows(settings: Settings, work: Work, title: str, comparison: Comparison) -> list[Row]:
    rows: list[Row] = []
    for backend in settings.backends:
        subjects = _subjects(work, backend)
        for way in dict.fromkeys(entrant.way for entrant in subjects):
            names = [entrant.name for entrant in subjects if entrant.way == way]
            peers = [entrant for entrant in work.peers if entrant.way == way]
            others = [entrant for entrant in work.others if (entrant.way, entrant.backend) == (way, backend)]
            if backend == "numpy":
                versus = [Versus(entrant.name, entrant.goal) for entrant in (*others, *peers)]
                rows += rows_of(title, comparison, names, versus)
                continue
            beside = [entrant for entrant in _subjects(work, "numpy") if entrant.way == way]
            further = [Versus(entrant.name, entrant.goal) for entrant in (*others, *beside)]
            rows += target_rows(work.target, title, comparison, names, [entrant.name for entrant in peers], further)
    return rows
