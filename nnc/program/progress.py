"""The live progress line of `fit`, drawn by Rich, twice a second."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy

from nnc.texts import printable

INTERVAL = 0.5
"""Seconds between two drawings: a drawing takes 2 to 4 ms, so it stays below 1% of the time."""


def format_logs(logs: Mapping[str, Any]) -> str:
    """Return ``loss 0.1234  accuracy 0.9688``; a metric with several results has them in brackets."""
    return "  ".join(f"{printable(name)} {format_number(number)}" for name, number in logs.items())


def format_number(number: Any, digits: int = 4) -> str:
    """Return a result with so many digits behind the point; several stand in brackets.

    >>> format_number(0.25), format_number(numpy.array([0.5, 1.0]), 2)
    ('0.2500', '[0.50 1.00]')
    """
    if isinstance(number, numpy.ndarray) and number.ndim:
        return f"[{' '.join(format_number(item, digits) for item in number)}]"
    return f"{number:.{digits}f}"


class Progress:
    """Shows the state of a training.

    Args:
        epochs: number of epochs.
        verbose: 0 shows nothing, 1 a live line, 2 a line per epoch.
    """

    def __init__(self, epochs: int, verbose: int) -> None:
        self.epochs = epochs
        self.verbose = verbose
        self.next = perf_counter() + INTERVAL
        self._bar: Any = None
        self._task: Any = None

    def epoch_done(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Draw, if it is time to."""
        if self.verbose == 2:
            print(f"Epoch {epoch + 1}/{self.epochs}  {format_logs(logs)}")
        elif self.verbose == 1 and perf_counter() >= self.next:
            self._draw(epoch + 1, logs)
            self.next = perf_counter() + INTERVAL

    def close(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Draw the last state and end the line."""
        if self.verbose == 1 and epoch:
            self._draw(epoch, logs)
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, done: int, logs: Mapping[str, float]) -> None:
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
            from rich.table import Column

            self._bar = Bar(
                TextColumn("Epoch"),
                MofNCompleteColumn(),
                BarColumn(bar_width=24),
                TimeRemainingColumn(elapsed_when_finished=True),
                TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
                auto_refresh=False,
            )
            self._task = self._bar.add_task("", total=self.epochs)
            self._bar.start()
        self._bar.update(self._task, completed=done, description=format_logs(logs))
        self._bar.refresh()
