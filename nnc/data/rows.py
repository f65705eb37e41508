"""Inputs and targets, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from nnc.arrays import is_read_by_rows

Array = Any
MOST_LABELS = 20
"""Different whole numbers of a target, of which rows are drawn class by class."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs and targets as a program takes them.

    Args:
        x: array of shape (rows, …), or a list of them.
        y: likewise, or None for a program without targets.
    """

    x: Any
    y: Any = None

    def __len__(self) -> int:
        return len(self.x[0] if isinstance(self.x, list) else self.x)

    def take(self, indices: Array) -> Rows:
        """Return some of the rows."""
        x, y = (
            [_some(array, indices) for array in item] if isinstance(item, list) else _some(item, indices)
            for item in (self.x, self.y)
        )
        return Rows(x, y)

    @property
    def unpacks_again(self) -> bool:
        """Whether shuffled rows are unpacked of files again and again; see `nnc.data.RowArray.unpacks_again`."""
        arrays = [array for item in (self.x, self.y) for array in (item if isinstance(item, list) else [item])]
        return any(is_read_by_rows(array) and array.unpacks_again for array in arrays)

    @property
    def labels(self) -> Array | None:
        """Labels to draw rows by: the class of each, or a target of few whole numbers; otherwise None."""
        if self.y is None or isinstance(self.y, list):
            return None
        y = numpy.asarray(self.y.computed(_labels_in)) if is_read_by_rows(self.y) else _labels_in(self.y)
        is_whole = bool((y == numpy.round(y)).all())
        return y if is_whole and len(numpy.unique(y)) <= MOST_LABELS else None


def _some(array: Array, indices: Array) -> Array:
    """Return some of the rows of an array, without reading them where they lie in files; None for None."""
    if array is None:
        return None
    return array.window(indices) if is_read_by_rows(array) else array[indices]


def _labels_in(y: Array) -> Array:
    """Return a number for each row of targets: the index of the largest, or the first."""
    return y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y), -1)[:, 0]
