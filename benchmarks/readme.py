"""Copies what the README shows of docs/benchmarks.md: ``python -m benchmarks.readme``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.document import DOCUMENT

README = DOCUMENT.parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: python -m benchmarks.readme writes this -->", "<!-- benchmarks: end -->"
KERAS = "Keras on TensorFlow"
_KERAS_CALLS = f"{KERAS}, fit", f"{KERAS}, predict"
_ONE_THREAD = ", 1 thread"
_ON_C = ", on C"


def block(document: str) -> str:
    """Return what stands between the marks in the README.

    Nothing is picked: these are all comparisons of the C backend with its fastest peer, and all of the NumPy backend
    with Keras, but for those that repeat a work with one thread.

    Args:
        document: text of docs/benchmarks.md.

    Raises:
        ValueError: a table is not there, or has other columns.
    """
    targets = _table(document, "## The C backend", ("Work", "nnc on C", "Best peer", "Its time", "Ratio"))
    rows = _table(document, "## Everything measured", ("Work", "Contestant", "Median", "Ratio"))
    compared = [row[0] for row in targets if row[2]]
    measured = [work for work, _, peer, _, _ in _with_own_time(rows) if peer in _KERAS_CALLS]
    on_c = [
        (work.replace(_ON_C, ""), ours, peer, theirs, ratio.removesuffix(" its time"))
        for work, ours, peer, theirs, ratio in targets
        if peer and not _repeats(work, compared)
    ]
    on_numpy = [
        (work, ours, theirs, ratio)
        for work, ours, peer, theirs, ratio in _with_own_time(rows)
        if peer in _KERAS_CALLS and _ON_C not in work and not _repeats(work, measured)
    ]
    link = "docs/benchmarks.md"
    return "\n".join(
        [
            "The C backend and the fastest of its peers (Keras on TensorFlow and on JAX, JAX, PyTorch, ONNX Runtime,",
            f"scikit-learn) at each work; below 1× nnc takes less time ([how it was measured]({link}#the-c-backend)):",
            "",
            *_lines(("work", "nnc on C", "fastest peer", "its time", "nnc ÷ peer"), on_c, left=(0, 2)),
            "",
            f"The NumPy backend and Keras on TensorFlow ([how it was measured]({link}#everything-measured)):",
            "",
            *_lines(("work", "nnc on NumPy", KERAS, "ratio"), on_numpy),
        ]
    )


def _repeats(work: str, works: Sequence[str]) -> bool:
    """Whether a work is one with a single thread that was done with several as well."""
    name, single, _ = work.partition(_ONE_THREAD)
    others = [other.replace(_ON_C, "") for other in works]
    return bool(single) and any(
        other == name or (other.startswith(f"{name}, ") and " threads" in other) for other in others
    )


def _table(document: str, heading: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return some columns of the table under a heading."""
    section = document.partition(f"{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    if not cells or not set(columns) <= set(cells[0]):
        raise ValueError(
            f"'{heading}': expected a table with {', '.join(columns)}, found {cells[0] if cells else 'none'}"
        )
    chosen = [cells[0].index(column) for column in columns]
    return [tuple(row[index] for index in chosen) for row in cells[2:]]


def _with_own_time(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, str, str, str, str]]:
    """Return work, nnc's time, peer, its time and ratio; a work is named in its first row, where nnc's own time is."""
    found, work, ours = [], "", ""
    for name, contestant, median, ratio in rows:
        if name and name != work:
            work, ours = name, ""
        if not ours and contestant.startswith("nnc"):
            ours = median
        found.append((work, ours, contestant, median, ratio))
    return found


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    marks = ["---" if column in left else "---:" for column in range(len(head))]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def refreshed(readme: str, document: str) -> str:
    """Return the README's text with what the document says now.

    Raises:
        ValueError: the marks are missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md must have the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{block(document)}\n\n{END}{after}"


def write() -> Path:
    """Write the README anew and return its path."""
    README.write_text(refreshed(README.read_text(), DOCUMENT.read_text()))
    return README


if __name__ == "__main__":
    print(f"wrote {write()}")
