"""Backends whose source counts what it runs."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from nnc.backends import Backend
from nnc.backends.c.backend import CBackend
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.marks import Counters as UnitCounters
from nnc.backends.marks import EMPTY, Counters, Marks, TimedBlock
from nnc.backends.numpy.backend import NumpyBackend
from nnc.backends.numpy.marks import Counters as PythonCounters
from nnc.backends.numpy.source import NumpySource
from nnc.errors import ModelError
from nnc.plan import Plan

_CALIBRATION = 0.02
"""Seconds in which the length of a tick is measured."""


@dataclass
class Counted:
    """A source that counts.

    Args:
        blocks: its blocks.
        counters: their counts.
    """

    blocks: list[TimedBlock]
    counters: Counters

    def sample(self) -> Sample:
        """Return what was counted since the last reset."""
        return Sample(self.counters.ticks(), self.counters.visits())

    def seconds_per_tick(self) -> float:
        """Return the length of a tick, measured over a while."""
        start, first = self._moment()
        while perf_counter() - start < _CALIBRATION:
            pass
        end, last = self._moment()
        return (end - start) / (last - first)

    def _moment(self) -> tuple[float, int]:
        """Return the time and the ticks at one moment: of several readings the one that was interrupted least."""
        readings = []
        for _ in range(5):
            before, ticks = perf_counter(), self.counters.now()
            readings.append((perf_counter() - before, before, ticks))
        _, time, ticks = min(readings)
        return time, ticks


@dataclass(frozen=True)
class Sample:
    """Counts of some runs.

    Args:
        ticks: by number, with those of the marks themselves.
        visits: by number.
    """

    ticks: list[int]
    visits: list[int]

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.visits[EMPTY]

    def __add__(self, other: Sample) -> Sample:
        ticks, visits = zip(self.ticks, other.ticks, strict=True), zip(self.visits, other.visits, strict=True)
        return Sample([sum(pair) for pair in ticks], [sum(pair) for pair in visits])

    def net_ticks(self) -> list[float]:
        """Return the ticks by number without those that marks take, which an empty block shows."""
        cost = self.ticks[EMPTY] / self.runs
        return [max(0.0, ticks - cost * visits) for ticks, visits in zip(self.ticks, self.visits, strict=True)]


class CountingNumpyBackend(NumpyBackend):
    """The NumPy backend, whose functions count.

    Attributes:
        counted: the sources by the name of their graph.
    """

    def __init__(self) -> None:
        self.counted: dict[str, Counted] = {}

    def source(self, plan: Plan, marks: Marks | None = None) -> NumpySource:
        """Return Python source with marks in it."""
        name = plan.source.name
        known = self.counted.get(name)  # the source of a larger plan is the same, and may be run by the same code
        counters = known.counters if known is not None else PythonCounters()
        assert isinstance(counters, PythonCounters)
        marks = Marks(mark=counters.mark) if marks is None else marks
        source = super().source(plan, marks)
        counters.hold(len(marks.blocks))
        self.counted[name] = Counted(marks.blocks, counters)
        return source


class CountingCBackend(CBackend):
    """The C backend, whose units count.

    Attributes:
        counted: the units by the name of their graph.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counted: dict[str, Counted] = {}
        self._blocks: dict[str, list[TimedBlock]] = {}

    def source(self, plan: Plan, marks: Marks | None = None) -> UnitSource:
        """Return a translation unit with marks in it."""
        marks = Marks() if marks is None else marks
        source = super().source(plan, marks)
        self._blocks[source.text] = marks.blocks
        return source

    def compile(self, source: UnitSource) -> Any:
        """Compile a unit, and remember its counters."""
        library = super().compile(source)
        blocks = self._blocks[source.text]
        self.counted[source.plan.source.name] = Counted(blocks, UnitCounters(library, len(blocks)))
        return library


CountingBackend = CountingNumpyBackend | CountingCBackend


def counting(backend: Backend) -> CountingBackend:
    """Return a backend that does what another does, and counts.

    Raises:
        ModelError: it is neither NumPy's nor C's.
    """
    if isinstance(backend, CBackend):
        return CountingCBackend()
    if isinstance(backend, NumpyBackend):
        return CountingNumpyBackend()
    raise ModelError(f"the {backend.title} backend cannot be profiled, because it counts nothing; choose numpy or c")
