"""The rows that benchmarks return, as a table on the screen and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from benchmarks.timing import Comparison, Quartiles

COLUMNS = ("Work", "Contestant", "Median", "Spread", "Ratio", "Quartiles", "Wanted", "Reached")
PARTS = ("import", "build", "warm-up", "epochs")
"""What a time to a trained model is the sum of: the engine and its packages; data, model and initial weights; by how
much the first epoch takes longer than later ones, for what is compiled, traced and allocated then; and the epochs."""
SET_UP_COLUMNS = ("Work", "Contestant", *map(str.capitalize, PARTS), "Sum", "Spread", "Ratio", "Quartiles")
LEFT = 2
"""Number of the first columns that are flush left."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        work: what is done.
        contestant: who does it.
        median: what was measured, as text.
        spread: the quartiles of what was measured, as text.
        ratio: its ratio to nnc, as text.
        quartiles: the quartiles of that ratio.
        wanted: the limit that it should keep, as text.
        reached: whether it keeps it; None where there is no limit.
        samples: all that was measured.
        target: where this line shows whether a target of the C backend is reached, what the backend took, as text.
        parts: what `samples` are the sums of, where they are sums.
    """

    work: str
    contestant: str
    median: str
    spread: str = ""
    ratio: str = ""
    quartiles: str = ""
    wanted: str = ""
    reached: bool | None = None
    samples: list[float] = field(default_factory=list)
    target: str = ""
    parts: dict[str, list[float]] = field(default_factory=dict)

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the columns."""
        reached = "" if self.reached is None else "yes" if self.reached else "NO"
        return self.work, self.contestant, self.median, self.spread, self.ratio, self.quartiles, self.wanted, reached

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Goal:
    """What is wanted of a ratio: exactly one of the two.

    Args:
        at_most: nnc takes at most this many times the peer's time.
        at_least: nnc is at least this many times faster.
        is_target: whether it is a target of the C backend, for the list of these.
    """

    at_most: float | None = None
    at_least: float | None = None
    is_target: bool = False


@dataclass(frozen=True)
class Versus:
    """A peer, and what is wanted of nnc against it.

    Args:
        peer: name of the contestant.
        goal: None where the ratio is for information.
    """

    peer: str
    goal: Goal | None = None


def rows_of(work: str, comparison: Comparison, subjects: Sequence[str], peers: Sequence[Versus]) -> list[Row]:
    """Return a row for each of nnc's contestants, then one per peer that was there, with its ratio to the first.

    Args:
        work: what was done.
        comparison: the times.
        subjects: nnc's contestants.
        peers: the others.
    """
    rows = [time_row(work, name, comparison.seconds[name]) for name in subjects if name in comparison.seconds]
    for versus in peers:
        if {versus.peer, subjects[0]} <= comparison.seconds.keys():
            rows.append(_versus(work, comparison, versus, subjects[0]))
    return rows


def time_row(work: str, contestant: str, samples: Sequence[float]) -> Row:
    """Return the row of a time without ratio."""
    quartiles = Quartiles.of(samples)
    return Row(work, contestant, seconds_text(quartiles.median), spread_text(quartiles), samples=list(samples))


def _versus(work: str, comparison: Comparison, versus: Versus, subject: str) -> Row:
    goal = versus.goal
    slower = comparison.ratio(subject, versus.peer)
    if goal is None:
        goal = Goal(at_most=0.0) if slower.median >= 1 else Goal(at_least=0.0)
    ratio = slower if goal.at_most is not None else comparison.ratio(versus.peer, subject)
    wanted, reached = "", None
    if versus.goal is not None and goal.at_most is not None:
        wanted, reached = f"≤ {goal.at_most:g}×", ratio.median <= goal.at_most
    elif versus.goal is not None and goal.at_least is not None:
        wanted, reached = f"≥ {goal.at_least:,g}× faster", ratio.median >= goal.at_least
    suffix = "its time" if goal.at_most is not None else "faster"
    return replace(
        time_row(work, versus.peer, comparison.seconds[versus.peer]),
        ratio=f"{ratio_text(ratio.median)}× {suffix}",
        quartiles=f"{ratio_text(ratio.low)}–{ratio_text(ratio.high)}",
        wanted=wanted,
        reached=reached,
        target=seconds_text(comparison.median(subject)) if goal.is_target else "",
    )


def spread_text(quartiles: Quartiles) -> str:
    """Return ``1.9–2.2 ms``: the quartiles of times, in the unit that suits the median."""
    factor, unit = _unit(quartiles.median)
    return f"{quartiles.low * factor:.3g}–{quartiles.high * factor:.3g} {unit}"


def ratio_text(number: float) -> str:
    """Return a ratio with the digits that say something."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def seconds_text(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    factor, unit = _unit(seconds)
    return f"{seconds * factor:.3g} {unit}"


_UNITS = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"))
"""Up to which time each is used, how many make a second, and how they are called."""


def _unit(seconds: float) -> tuple[float, str]:
    return next(((factor, unit) for limit, factor, unit in _UNITS if abs(seconds) < limit), (1.0, "s"))


def bytes_text(number: float) -> str:
    """Return a number of bytes, to the byte."""
    return f"{number:,.0f} B"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text; a work is named once."""
    return _aligned([COLUMNS, *_without_repetition([row.cells() for row in rows])])


def set_up_table(rows: Sequence[Row]) -> str:
    """Return the times to a trained model, with their parts, as aligned text."""
    return _aligned([SET_UP_COLUMNS, *_without_repetition([_set_up_cells(row) for row in rows])])


def _set_up_cells(row: Row) -> tuple[str, ...]:
    parts = (seconds_text(Quartiles.of(row.parts[part]).median) for part in PARTS)
    return row.work, row.contestant, *parts, row.median, row.spread, row.ratio, row.quartiles


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    """Return lines, the first of which are titles, in columns of equal width."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = ["  ".join(map(_pad, line, widths, range(len(widths)))).rstrip() for line in lines]
    return "\n".join([texts[0], "  ".join("─" * width for width in widths), *texts[1:]])


def _pad(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < LEFT else text.rjust(width)


def _without_repetition(lines: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    shown, last = [], None
    for work, *others in lines:
        shown.append(("" if work == last else work, *others))
        last = work
    return shown
