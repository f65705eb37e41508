"""A line that shows how far something is, with averages of numbers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.settings import SETTINGS

_BOLD, _GREEN, _WHITE, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """A progress bar, which prints Keras's text.

    Args:
        target: steps in all, None if unknown.
        width: of the bar, in characters.
        verbose: 0 silent, 1 a line that is overwritten, 2 a line at the end.
        interval: seconds between two updates of the line.
        stateful_metrics: names of numbers that are shown as they are; others are averaged over steps.
        stateless_metrics: names of numbers that are averaged over steps; others are shown as they are.
        unit_name: what a step is called.

    Raises:
        DataError: both kinds of names are given, or `verbose` is none of those above.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise DataError("Progbar: give stateful_metrics or stateless_metrics, not both")
        if verbose not in (0, 1, 2):
            raise DataError(f"Progbar: verbose must be 0, 1 or 2, got {verbose!r}")
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.unit_name = unit_name
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.stateful_metrics = set(stateful_metrics or ()) if stateless_metrics is None else None
        self._sums: dict[str, tuple[Any, int]] = {}
        self._done, self._shown_width = 0, 0
        self._start, self._shown_at = time.time(), 0.0
        self._first_step_at: float | None = None

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show another number of steps.

        Args:
            current: steps that are done.
            values: names, and numbers of the last step.
            finalize: whether nothing follows, by default whether all steps are done.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, number in values or ():
            self._take(name, number, max(current - self._done, 1), finalize)
        self._done = current
        now = time.time()
        seconds = self._seconds_of_a_step(current, now)
        if self.verbose == 1:
            if now - self._shown_at < self.interval and not finalize:
                return
            self._show(current, now, seconds, finalize)
        elif self.verbose == 2 and finalize and self.target:
            digits = len(str(int(self.target)))
            numbers = "".join(f" - {name}: {_shown(mean, mean)}" for name, mean in self._means())
            _write(f"{current:{digits}d}/{self.target} - {now - self._start:.0f}s -{self._rate(seconds)}{numbers}\n")
        self._shown_at = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show further steps.

        Args:
            n: how many.
            values: names, and numbers of the last step.
        """
        self.update(self._done + n, values)

    def _take(self, name: str, number: Any, steps: int, is_last: bool) -> None:
        if self.stateless_metrics is not None:
            is_averaged = name in self.stateless_metrics
        else:
            is_averaged = name not in (self.stateful_metrics or ())
        if not is_averaged or is_last:
            self._sums[name] = number, 1
        elif name in self._sums:
            total, count = self._sums[name]
            self._sums[name] = total + number * steps, count + steps
        else:
            self._sums[name] = number * steps, steps

    def _means(self) -> list[tuple[str, Any]]:
        return [
            (name, (total if isinstance(total, float) else numpy.mean(total)) / max(1, count))
            for name, (total, count) in self._sums.items()
        ]

    def _seconds_of_a_step(self, current: int, now: float) -> float:
        """Seconds of a step, without the first one where there are others."""
        if not current:
            return 0.0
        if self._first_step_at is not None and current > 1:
            return (now - self._first_step_at) / (current - 1)
        if current == 1:
            self._first_step_at = now
        return (now - self._start) / current

    def _show(self, current: int, now: float, seconds: float, is_last: bool) -> None:
        bar = [("", f"{current:7d}/Unknown")]
        duration = f"{now - self._start:.0f}s"
        if self.target:
            full = int(self.width * current / self.target)
            bar = [(_BOLD, f"{current:{len(str(int(self.target)))}d}/{self.target:d}"), ("", " ")]
            bar += [(_GREEN, "━" * full)] if full > 0 else []
            bar += [(_WHITE, "━" * (self.width - full))]
            if not is_last:
                duration = _clock(seconds * (self.target - current))
        numbers = "".join(f" - {name}: {_shown(mean, abs(mean))}" for name, mean in self._means())
        parts = [*bar, ("", " "), (_BOLD, duration), ("", self._rate(seconds) + numbers)]
        width = sum(len(text) for _, text in parts)
        if not SETTINGS.is_interactive:
            _write("".join(text for _, text in parts) + "\n")
            return
        line = "".join(f"{style}{text}{_PLAIN}" if style else text for style, text in parts)
        rest = " " * (self._shown_width - width)
        _write("\b" * self._shown_width + "\r" + line + rest + ("\n" if is_last else ""))
        self._shown_width = width

    def _rate(self, seconds: float) -> str:
        if seconds >= 1 or seconds == 0:
            return f" {seconds:.0f}s/{self.unit_name}"
        if seconds >= 1e-3:
            return f" {seconds * 1e3:.0f}ms/{self.unit_name}"
        return f" {seconds * 1e6:.0f}us/{self.unit_name}"


def _shown(number: Any, size: Any) -> str:
    return f"{number:.4f}" if size > 1e-3 else f"{number:.4e}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(text.replace("━", "="))
    sys.stdout.flush()
