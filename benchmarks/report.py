"""The rows that benchmarks return, as a table on the screen and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.timing import Comparison, Ratio

COLUMNS = ("Work", "Contestant", "Median", "Ratio", "Quartiles", "Wanted", "Reached")
TARGET_COLUMNS = ("Work", "nnc on C", "Best peer", "Its time", "Ratio", "Quartiles", "Wanted", "Reached")
LEFT = 2
"""Number of the first columns that are flush left."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        work: what is done.
        contestant: who does it.
        median: what was measured, as text.
        ratio: its ratio to nnc, as text.
        quartiles: the quartiles of that ratio.
        wanted: the limit that it should keep, as text.
        reached: whether it keeps it; None where there is no limit.
        samples: all that was measured.
        target: where this line shows whether a target of the C backend is reached, what the backend took, as text.
    """

    work: str
    contestant: str
    median: str
    ratio: str = ""
    quartiles: str = ""
    wanted: str = ""
    reached: bool | None = None
    samples: list[float] = field(default_factory=list)
    target: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the columns."""
        reached = "" if self.reached is None else "yes" if self.reached else "NO"
        return self.work, self.contestant, self.median, self.ratio, self.quartiles, self.wanted, reached

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
        subject: which of nnc's contestants it is compared with; the first one by default.
    """

    peer: str
    goal: Goal | None = None
    subject: str | None = None


def rows_of(
    work: str, comparison: Comparison, subjects: Sequence[str], peers: Sequence[Versus], names_subjects: bool = True
) -> list[Row]:
    """Return a row for each of nnc's contestants, then one per peer that was there.

    Args:
        work: what was done.
        comparison: the times.
        subjects: nnc's contestants.
        peers: the others.
        names_subjects: whether ratios say whose they are, where there are several.
    """
    rows = [
        Row(work, name, seconds_text(comparison.median(name)), samples=comparison.seconds[name])
        for name in subjects
        if name in comparison.seconds
    ]
    for versus in peers:
        if {versus.peer, versus.subject or subjects[0]} <= comparison.seconds.keys():
            several = names_subjects and len(subjects) > 1
            rows.append(_versus(work, comparison, versus, versus.subject or subjects[0], several))
    return rows


def _versus(work: str, comparison: Comparison, versus: Versus, subject: str, several: bool) -> Row:
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
    prefix = f"{subject}: " if several else ""
    return Row(
        work,
        versus.peer,
        seconds_text(comparison.median(versus.peer)),
        f"{prefix}{_number(ratio.median)}× {suffix}",
        quartiles_text(ratio),
        wanted,
        reached,
        comparison.seconds[versus.peer],
        seconds_text(comparison.median(subject)) if goal.is_target else "",
    )


def target_table(rows: Sequence[Row]) -> str:
    """Return the lines that show whether a target of the C backend is reached, as a Markdown table."""
    lines: list[tuple[str, ...]] = [TARGET_COLUMNS, ("---", "---:", "---", *["---:"] * 5)]
    for row in (row for row in rows if row.target):
        _, contestant, median, ratio, quartiles, wanted, reached = row.cells()
        if ratio:
            lines.append((row.work, row.target, contestant, median, ratio, quartiles, wanted, reached))
        else:  # a limit in seconds, whatever peers take
            lines.append((f"{row.work}: {contestant}", row.target, "", "", "", quartiles, wanted, reached))
    return _pipes(lines)


def quartiles_text(ratio: Ratio) -> str:
    """Return ``0.98–1.03``."""
    return f"{_number(ratio.low)}–{_number(ratio.high)}"


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def seconds_text(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def bytes_text(number: float) -> str:
    """Return a number of bytes, to the byte."""
    return f"{number:,.0f} B"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text; a work is named once."""
    cells = [COLUMNS, *_without_repetition(rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(_pad(text, width, column) for column, (text, width) in enumerate(zip(line, widths, strict=True)))
        for line in cells
    ]
    return "\n".join(
        [lines[0].rstrip(), "  ".join("─" * width for width in widths), *(line.rstrip() for line in lines[1:])]
    )


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    marks = ["---" if column < LEFT else "---:" for column in range(len(COLUMNS))]
    return _pipes([COLUMNS, tuple(marks), *_without_repetition(rows)])


def _pipes(lines: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _pad(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < LEFT else text.rjust(width)


def _without_repetition(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    lines, last = [], None
    for row in rows:
        work, *others = row.cells()
        lines.append(("" if work == last else work, *others))
        last = work
    return lines
