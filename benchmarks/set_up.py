"""What it takes until a model is trained: importing, building, warming up, and epochs, apart and summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.report import PARTS, Row, Versus, rows_of
from benchmarks.timing import Comparison


def set_up_rows(
    work: str,
    epochs: int,
    steps: int,
    comparison: Comparison,
    starts: Sequence[Mapping[str, Mapping[str, float]]],
    subject: str,
) -> list[Row]:
    """Return a row per contestant: the time to a trained model, with its parts.

    Args:
        work: what was done.
        epochs: after how many a model counts as trained.
        steps: of an epoch.
        comparison: seconds of a step.
        starts: what setting up took in fresh processes, by contestant, round by round: seconds of ``import``, ``build``
            and the ``first`` epoch.
        subject: the contestant of nnc's that others are compared with.
    """
    names = [name for name in comparison.seconds if all(name in times for times in starts)]
    parts = {name: _parts(comparison.median(name) * steps, epochs, [times[name] for times in starts]) for name in names}
    totals = Comparison({name: [sum(each) for each in zip(*parts[name].values(), strict=True)] for name in names})
    title = f"{work}: {epochs:,} epochs from nothing"
    rows = rows_of(title, totals, [subject], [Versus(name) for name in names if name != subject])
    return [replace(row, parts=parts[row.contestant]) for row in rows]


def _parts(epoch: float, epochs: int, starts: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    series = (
        [times["import"] for times in starts],
        [times["build"] for times in starts],
        [max(times["first"] - epoch, 0.0) for times in starts],
        [epochs * epoch] * len(starts),
    )
    return dict(zip(PARTS, series, strict=True))
