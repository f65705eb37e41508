"""Draws rows to validate and to test on."""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray

from nnc.errors import DataError

Array = NDArray[Any]


def draw_rows(
    count: int, fraction: float, generator: numpy.random.Generator, labels: Array | None = None
) -> tuple[Array, Array]:
    """Return the indices of the rows that stay and of those that are drawn, each in a random order.

    Args:
        count: number of rows.
        fraction: part of them that is drawn, rounded to whole rows.
        generator: what draws.
        labels: a class for each row, shape (rows); each class is then drawn from in proportion, to within one row.

    Raises:
        DataError: the fraction leaves no row on one of the two sides.
    """
    drawn = round(count * fraction)
    if not 0 < drawn < count:
        raise DataError(f"{count} rows are too few to set {fraction:.0%} of them aside: {drawn} of them")
    order = generator.permutation(count)
    if labels is None:
        return order[drawn:], order[:drawn]
    # Systematic sampling: rows in the order of their classes, of which each (count / drawn)-th is taken.
    by_class = order[numpy.argsort(labels[order], kind="stable")]
    steps = numpy.arange(count + 1) * drawn // count
    is_drawn = steps[1:] > steps[:-1]
    return generator.permutation(by_class[~is_drawn]), generator.permutation(by_class[is_drawn])
