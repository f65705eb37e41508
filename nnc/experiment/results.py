"""The page ``docs/results.md``: the comparison, how it was made, and how to make it again."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from importlib import metadata

import numpy

from nnc import __version__
from nnc.experiment.comparison import PUBLISHED, VARIANTS, Comparison
from nnc.experiment.points import FURTHER

_PAGE = """\
# Results: the comparison with the published accuracies

Written by the command below; do not edit. Running it again, on the same versions, writes the same page.

<!-- not run: takes a minute, and writes this page -->
```sh
{command}
```

{versions}

## The network

Two inputs, {hidden} sigmoid units, one sigmoid unit; SGD with a learning rate of {learning_rate:g}, binary
cross-entropy, {size} samples, {epochs:,} epochs in batches of {batch}. Each column changes one of these: the
learning rate, the loss (mean squared error), the inputs (standardised), or the number of samples. The samples
are drawn from the standard normal distribution with NumPy's legacy generator (seed {seed}) and labelled x₀² > x₁.

## Accuracy on the test set

Mean ± sample standard deviation over {repeat} trainings, which differ in their initial weights and in the order
of the samples (seeds {seed} to {last_seed}). The test set has as many points as the training set and is drawn
with the next seed, {test_seed}; inputs are standardised by the mean and spread of the training set.

{table}

{tensorflow}The published figures for {size} samples are multiples of 1 in {tenfold:,}, as means over ten
measurements on {size} points would be; those points were not recorded. That matters: one point in {size} is
{one:.2f} percentage points, and the accuracy of a network that is right {guess:.0%} of the time has a standard error of
{error:.1f} percentage points from the choice of the test set alone, however often the training is repeated. A
difference of less than three of these between a published figure and one of ours says nothing.

{apart}

If the spread over our trainings is large, training has not converged, and its result depends on the initial
weights. Ours are Keras's (Glorot, uniform); those of the published figures were not recorded.

## Accuracy on other points

On the training set itself, and on {further:,} further points, where that standard error is {further_error:.2f}.

{others}
"""


def results_page(comparison: Comparison, command: str) -> str:
    """Return the page as Markdown.

    Args:
        comparison: what was run.
        command: the command line that ran it.
    """
    base, guess = comparison.base, 0.97
    return _PAGE.format(
        command=command,
        versions=_versions(comparison),
        hidden=" and ".join(map(str, base.hidden)),
        learning_rate=base.learning_rate,
        size=base.size,
        epochs=base.epochs,
        batch=base.batch,
        seed=base.seed,
        repeat=base.repeat,
        last_seed=base.seed + base.repeat - 1,
        test_seed=base.seed + 1,
        table=markdown_table(comparison.head(), comparison.table()),
        tensorflow=_tensorflow_note(comparison),
        one=100 / base.size,
        tenfold=10 * base.size,
        guess=guess,
        error=100 * standard_error(guess, base.size),
        apart=_apart_note(comparison),
        further=FURTHER,
        further_error=100 * standard_error(guess, FURTHER),
        others=markdown_table(comparison.head(), comparison.other_sets()),
    )


def _tensorflow_note(comparison: Comparison) -> str:
    if any(row.results[0].mode == "tf" for row in comparison.rows):
        return ""
    return "TensorFlow was not run: 5,000 epochs take it minutes, but nnc a fraction of a second (see `--with-tf`).\n\n"


def _apart_note(comparison: Comparison) -> str:
    """Name the figures that differ from the published ones by more than the choice of the test set explains."""
    apart = [
        f"{variant} ({title}: {published:.2f}; {row.title}: {result.accuracy().text(2, factor=100)})"
        for row, (title, numbers) in zip(comparison.rows, PUBLISHED.items(), strict=False)
        for variant, published, result in zip(VARIANTS, numbers, row.results, strict=True)
        if abs(published / 100 - result.accuracy().mean) > 3 * standard_error(published / 100, result.settings.size)
    ]
    if not apart:
        return "No figure differs by more from its published one."
    return f"Further apart than that are {', and '.join(apart)}."


def standard_error(accuracy: float, size: int) -> float:
    """Return the standard error of an accuracy that is measured on this many points (that of a binomial share)."""
    return math.sqrt(accuracy * (1 - accuracy) / size)


def _versions(comparison: Comparison) -> str:
    used = [f"nnc {__version__}", f"NumPy {numpy.__version__}", f"Python {platform.python_version()}"]
    if any(row.results[0].mode == "tf" for row in comparison.rows):
        used += [f"TensorFlow {metadata.version('tensorflow')}", f"Keras {metadata.version('keras')}"]
    return ", ".join(used) + "."


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first column to the left, the others to the right.

    Args:
        head: titles of the columns.
        rows: cells.
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(aligned)} |"

    rule = [f"{'-' * (width - 1)}:" if column else "-" * width for column, width in enumerate(widths)]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, rows)])
