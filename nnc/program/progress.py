"""Progress of `fit`, `evaluate` and `predict`: a live line on terminals and in notebooks, or lines of what was done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy

from nnc.activity import INTERVAL, activity, is_live, is_shown, shown, silence
from nnc.errors import DataError
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.choices import Verbosity
    from nnc.program.batches import Feed

MOST_LINES = 1000
"""The most lines that epochs in quick succession get unless each of them was asked for."""
LINE_SECONDS = 0.5
"""Seconds after which an epoch gets a line in any case."""
SLOW_SECONDS = 1.0
"""Seconds from which on an epoch leaves its line on a terminal."""
_BARS = (24, 10)

Logs = Mapping[str, Any]


def format_logs(logs: Logs) -> str:
    """Return ``loss 0.1234  accuracy 0.9688``; a metric with several results has them in brackets."""
    return "  ".join(_formatted(logs))


def format_spread(numbers: Any) -> str:
    """Return the mean of the numbers of replicas, and their standard deviation, without those that are NaN.

    >>> format_spread(numpy.array([0.25, 0.75]))
    '0.5000 ± 0.2500'
    """
    numbers = numpy.asarray(numbers)
    known = numbers[~numpy.isnan(numbers)]
    if not known.size:
        return format_number(numpy.nan)
    return f"{format_number(known.mean())} ± {format_number(known.std())}"


def format_number(number: Any, digits: int = 4) -> str:
    """Return a result with so many digits behind the point; several stand in brackets.

    >>> format_number(0.25), format_number(numpy.array([0.5, 1.0]), 2)
    ('0.2500', '[0.50 1.00]')
    """
    if isinstance(number, numpy.ndarray) and number.ndim:
        return f"[{' '.join(format_number(item, digits) for item in number)}]"
    return f"{number:.{digits}f}"


def format_seconds(seconds: float) -> str:
    """Return a time that one can take in at a glance.

    >>> format_seconds(7.4), format_seconds(75), format_seconds(4000)
    ('7 s', '1 min 15 s', '1 h 06 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def verbosity(given: Verbosity) -> int:
    """Return what ``verbose`` says as a number; ``auto`` is 1.

    Raises:
        DataError: it says nothing of the kind.
    """
    if isinstance(given, str) and given == "auto":
        return 1
    if isinstance(given, int | numpy.integer | numpy.bool_) and given in (0, 1, 2):
        return int(given)
    raise DataError(f"verbose must be 0, 1, 2 or 'auto', got {given!r}")


def line_of(verbose: int) -> AbstractContextManager[None]:
    """Return a context in which a call shows what goes on; in silence nothing inside it shows anything either."""
    if not verbose:
        return silence()
    return shown(sys.stdout) if verbose == 1 and is_live(sys.stdout) else nullcontext()


class TimeLeft:
    """Tells the time left by the share that is done; between two steps it runs down."""

    def __init__(self) -> None:
        self._begun = perf_counter()
        self._share, self._when = 0.0, 0.0

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return perf_counter() - self._begun

    def text(self, share: float) -> str:
        """Return the time left, such as ``7 s left``.

        Args:
            share: what is done, above 0, of all.
        """
        seconds = self.seconds
        if share != self._share:
            self._share, self._when = share, seconds
        return f"{format_seconds(max(0.0, self._when / share - seconds))} left"


class Progress:
    """Shows the state of a training.

    Args:
        first: number of the first epoch, from 0.
        epochs: number of the last one, from 1.
        verbose: 0 shows nothing, 1 a live line where it can be drawn and else a line per epoch, 2 a line per epoch.
        measured: returns what the running epoch has measured so far; it is called by another thread.
        of_replicas: whether what is measured is an array with a number for each of several networks.
    """

    def __init__(
        self, first: int, epochs: int, verbose: int, measured: Callable[[], Logs], of_replicas: bool = False
    ) -> None:
        self.first, self.epochs, self.verbose = first, epochs, verbose
        self._formatted = _spreads if of_replicas else _formatted
        self._feed: Feed | None = None
        self._is_validating = False
        self._measured = measured
        self._done = first
        self._logs: Logs = {}
        self._is_live = is_shown() and is_live(sys.stdout)
        self._stride = max(1, -(-(epochs - first) // MOST_LINES))
        self._printed = first
        self._last_epoch = self._last_line = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show the line while the block runs, and in the end the last epoch, if it has no line yet."""
        self._left = TimeLeft()
        self._last_epoch = self._last_line = perf_counter()
        try:
            with activity(self.text):
                yield
        finally:
            if self.verbose and self._done > self._printed:
                self._print([(self._done, self._logs)])

    def watch(self, feed: Feed, is_validating: bool = False) -> None:
        """Show the batches of a feed from now on."""
        feed.is_watched = is_shown()
        feed.done = 0
        self._feed, self._is_validating = feed, is_validating

    def epochs_done(self, count: int, logs_of: Callable[[int], Logs]) -> None:
        """Take note of epochs that have ended, and print what is due.

        Args:
            count: how many.
            logs_of: returns what one of them has measured, by its number among them.
        """
        now, last = perf_counter(), self._done + count
        if self.verbose == 2:
            due = list(range(count))
        elif self.verbose == 0:
            due = []
        elif self._is_live:
            due = [0] if count == 1 and now - self._last_epoch >= SLOW_SECONDS else []
        else:
            due = [index for index in range(count) if (self._done + index + 1 - self.first) % self._stride == 0]
            if (last == self.epochs or now - self._last_line >= LINE_SECONDS) and due[-1:] != [count - 1]:
                due.append(count - 1)
        self._print([(self._done + index + 1, logs_of(index)) for index in due])
        self._feed, self._is_validating = None, False
        self._last_epoch, self._done, self._logs = now, last, logs_of(count - 1)

    def text(self, room: int) -> str:
        """Return the live line: epoch, bar, batch, time left and logs, as much of it as there is room for."""
        feed, done = self._feed, self._done
        is_long = perf_counter() - self._last_epoch >= INTERVAL
        batches, total = (feed.done, feed.count) if feed is not None and is_long else (0, None)
        part = 1.0 if self._is_validating else batches / total if total else 0.0
        share = min(1.0, (done - self.first + part) / max(1, self.epochs - self.first))
        parts = [f"Epoch {min(done + 1, self.epochs):,}/{self.epochs:,}"]
        if batches:
            parts.append(
                f"{'validating' if self._is_validating else 'batch'} {batches:,}{f'/{total:,}' if total else ''}"
            )
        if share > 0:
            parts.append(self._left.text(share))
        measured = self._measured() if batches and not self._is_validating else {}
        parts += self._formatted(measured or self._logs)
        return _fitted(parts, share, room)

    def _print(self, epochs: Sequence[tuple[int, Logs]]) -> None:
        if epochs:
            lines = ["  ".join([f"Epoch {number}/{self.epochs}", *self._formatted(logs)]) for number, logs in epochs]
            print("\n".join(lines), flush=True)
            self._printed, self._last_line = epochs[-1][0], perf_counter()


class Counted(Protocol):
    """A feed that knows how many batches there are, and have run."""

    done: int

    @property
    def count(self) -> int | None:
        """Batches there are, None where nobody knows."""


@dataclass
class Count:
    """Batches there are, None where nobody knows, and those that have run."""

    count: int | None
    done: int = 0


def no_logs() -> Logs:
    """Return the logs of what measures nothing."""
    return {}


@contextmanager
def batches_shown(
    doing: str,
    done: str,
    verbose: Verbosity,
    batches: Counted,
    measured: Callable[[], Logs] = no_logs,
    of_replicas: bool = False,
) -> Iterator[None]:
    """Show how far the batches are while the block runs, and that they are done.

    The latter is a line of its own where ``verbose`` is 1 or 2. With ``auto`` it is one on a terminal, of what takes
    long: what other programs read does not depend on the time.

    Args:
        doing: what is done, such as ``evaluating``.
        done: the same when it is done.
        verbose: what the user asked for; see `line_of` for the line itself.
        batches: are counted meanwhile.
        measured: returns what has been measured so far; it is called by another thread.
        of_replicas: whether that is an array with a number for each of several networks.
    """
    time_left, formatted = TimeLeft(), _spreads if of_replicas else _formatted

    def text(room: int) -> str:
        number, total = batches.done, batches.count
        if not number:
            return f"{doing} … {time_left.seconds:.1f} s"[:room]
        share = min(1.0, number / total) if total else 0.0
        left = [time_left.text(share)] if share else []
        of_all = f"batch {number:,}{f'/{total:,}' if total else ''}"
        return _fitted([doing, of_all, *left, *formatted(measured())], share, room)

    with activity(text):
        yield
    took_long = is_shown() and is_live(sys.stdout) and time_left.seconds >= SLOW_SECONDS
    if took_long if verbose == "auto" else verbose:
        parts = [f"{done} {batches.done:,} batch{'' if batches.done == 1 else 'es'}", *formatted(measured())]
        print("  ".join(parts), flush=True)


def _fitted(parts: list[str], share: float, room: int) -> str:
    """Return parts in a line, a bar behind the first one, as much of it as there is room for."""
    for length in _BARS:
        with_bar = [parts[0], _bar(share, length), *parts[1:]]
        if len("  ".join(with_bar)) <= room:
            return "  ".join(with_bar)
    while len(parts) > 1 and len("  ".join(parts)) > room:
        parts = parts[:-1]
    return "  ".join(parts)[:room]


def _spreads(logs: Logs) -> list[str]:
    return [f"{printable(name)} {format_spread(numbers)}" for name, numbers in logs.items()]


def _formatted(logs: Logs) -> list[str]:
    return [f"{printable(name)} {format_number(number)}" for name, number in logs.items()]


def _bar(share: float, length: int) -> str:
    filled = round(share * length)
    return "━" * filled + "─" * (length - filled)
