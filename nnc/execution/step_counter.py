"""Counts the batches of a training graph, and says that states have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnc.backends.backend import EpochPlan, EpochsRun, Feed, FeedRun
from nnc.execution.state import ProgramState

Array = Any
Epochs = Callable[[EpochPlan], EpochsRun | None]


class StepCounter:
    """Lets runs of a training graph say that states have changed, and count the batches.

    Args:
        state: what changes.
        counts: whether batches are to be counted; a graph whose rule needs the number does so itself.
    """

    def __init__(self, state: ProgramState, counts: bool) -> None:
        self._changes = [version.change for version in state.versions]  # bound here, because each step calls them
        self._counter = state.batch_counter if counts else None

    def step(self, run: Callable[[], None]) -> Callable[[], None]:
        """Return a function that runs one batch, and counts it."""
        changes = self._changes
        if self._counter is None:

            def run_and_tell() -> None:
                try:
                    run()
                finally:
                    for change in changes:
                        change()

            return run_and_tell
        counter = memoryview(self._counter.reshape(1))  # adding to it costs a tenth of a call of NumPy's

        def run_tell_and_count() -> None:
            try:
                run()
            finally:
                counter[0] += 1
                for change in changes:
                    change()

        return run_tell_and_count

    def feed(self, feed: Feed) -> Feed:
        """Return the same as `step` for what runs several batches in one call; see `BoundRun.feed`."""

        def fed(arrays: Mapping[str, Array], order: Array) -> FeedRun | None:
            run = feed(arrays, order)
            if run is None:
                return None

            def run_and_count(first: int, batches: int) -> None:
                try:
                    run(first, batches)
                finally:
                    self._add(batches)

            return run_and_count

        return fed

    def epochs(self, epochs: Epochs) -> Epochs:
        """Return the same as `step` for what runs several epochs in one call; see `BoundRun.epochs`."""

        def planned(plan: EpochPlan) -> EpochsRun | None:
            run = epochs(plan)
            if run is None:
                return None
            batches = sum(number for _, _, number in plan.stretches)

            def run_and_count(count: int, record: Array) -> None:
                try:
                    run(count, record)
                finally:
                    self._add(count * batches)

            return run_and_count

        return planned

    def _add(self, batches: int) -> None:
        if self._counter is not None:
            self._counter[...] += batches
        for change in self._changes:
            change()
