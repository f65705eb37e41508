"""Writes the README's table from docs/benchmarks.json: ``python -m benchmarks.readme``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.document import cells, slower, work_table
from benchmarks.families import families
from benchmarks.record import Record, read_record
from benchmarks.worker import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- benchmarks: python -m benchmarks.readme writes this -->", "<!-- benchmarks: end -->"
SHOWN = {
    "training": ("base network", "small CNN", "transformer encoder"),
    "small": ("MLP, 128 rows",),
    "pictures": ("resnet50",),
}
"""What the README shows: of each family the works whose names begin so."""


def block(record: Record) -> str:
    """Return what stands between the marks in the README.

    Raises:
        ValueError: a work was not measured.
    """
    found = families(record.rows)
    lines = []
    for key, names in SHOWN.items():
        works = [work for family in found if family.key == key for work in family.works]
        for name in names:
            work = next((work for work in works if work.name.startswith(f"{name}, ")), None)
            if work is None:
                raise ValueError(f"{name!r} of {key!r} was not measured; run 'nnc bench --write'")
            first, *others = cells(work)
            lines.append((f"{'train' if key == 'training' else 'predict'} {first}", *others))
    return f"{work_table(lines)}\n\n{slower(found)} [All of these](docs/benchmarks.md#where-nnc-is-slower)."


def refreshed(readme: str, record: Record) -> str:
    """Return the README's text with what was measured.

    Raises:
        ValueError: the marks are missing, or a work was not measured.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md must have the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{block(record)}\n\n{END}{after}"


def write(record: Record) -> Path:
    """Write the README anew and return its path."""
    README.write_text(refreshed(README.read_text(), record))
    return README


if __name__ == "__main__":
    print(f"wrote {write(read_record())}")
