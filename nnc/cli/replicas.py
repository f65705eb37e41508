"""What commands show of several networks: numbers as mean, spread, best and worst, and which network is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.callbacks import EarlyStopping
from nnc.cli.console import print_table
from nnc.errors import ModelError
from nnc.program.progress import format_number

Array = Any
Results = Mapping[str, Array]
"""For each name an array with a number for each replica."""


def best_replica(results: Results) -> int | None:
    """Return the replica with the smallest loss, of validation where there is one; None where all are NaN."""
    losses = numpy.asarray(results[judged_by(results)])
    return None if numpy.isnan(losses).all() else int(numpy.nanargmin(losses))


def judged_by(results: Mapping[str, Any]) -> str:
    """Return the name of the number that decides which replica is best."""
    return "val_loss" if "val_loss" in results else "loss"


def kept_results(history: Mapping[str, Sequence[Array]], restores_best: bool, stopped: Array) -> dict[str, Array]:
    """Return the numbers of each replica in the epoch that its weights are of.

    Args:
        history: for each name an array with a number for each replica, by epoch; NaN after a replica has stopped.
        restores_best: whether each has the weights of its best epoch, and not those of the last one that it learnt in.
        stopped: whether a replica has stopped, by number.
    """
    losses = numpy.array(history[judged_by(history)])
    known, last = ~numpy.isnan(losses), len(losses) - 1
    if restores_best:
        epochs = numpy.where(known.any(0), numpy.where(known, losses, numpy.inf).argmin(0), last)
    else:
        epochs = numpy.where(numpy.asarray(stopped) & known.any(0), last - known[::-1].argmax(0), last)
    return {name: numpy.array(numbers)[epochs, numpy.arange(losses.shape[1])] for name, numbers in history.items()}


def print_replicas(results: Results, head: str, title: str) -> None:
    """Print mean, spread, best and worst of each number, and which replica is best.

    Mean and spread, the standard deviation, are of the numbers that are not NaN, which is the worst that there is.

    Args:
        results: the numbers.
        head: stands over their names.
        title: stands over the table.
    """
    best, name = best_replica(results), judged_by(results)
    judgement = f"{name} of all is NaN" if best is None else f"replica {best} is best, by {name}"
    rows = [(name, *_summary(name, numpy.asarray(numbers))) for name, numbers in results.items()]
    print_table((head, "Mean", "Spread", "Best", "Worst"), rows, f"{title}: {judgement}")


def _summary(name: str, numbers: Array) -> list[str]:
    """Return the cells of a name."""
    is_nan = numpy.isnan(numbers)
    known = numpy.ma.array(numbers, mask=is_nan)
    mean, spread, least, most = (reduce(0) for reduce in (known.mean, known.std, known.min, known.max))
    try:
        best, worst = (most, least) if EarlyStopping(monitor=name).rises else (least, most)
    except ModelError:  # nobody knows which way is better
        return [*map(_cell, (mean, spread)), "", ""]
    worst = numpy.where(is_nan.any(0), numpy.nan, numpy.ma.filled(worst, numpy.nan))
    return [_cell(number) for number in (mean, spread, best, worst)]


def _cell(number: Any) -> str:
    return format_number(numpy.ma.filled(number, numpy.nan), 6)
