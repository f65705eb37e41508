"""The contents of a file: inputs, targets, and their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Inputs and targets of a file; ``x, y = table`` takes it apart.

    Args:
        x: inputs, shape (rows, …).
        y: targets, shape (rows, …); indices into `classes`, int64, where the file has names instead of numbers.
        classes: names of the classes, sorted; empty where targets are numbers.
        columns: names of the input columns; empty where the file has none.
        target: name of the target; empty where the file has none.
    """

    x: Array
    y: Array
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    target: str = ""

    def __iter__(self) -> Iterator[Array]:
        return iter((self.x, self.y))


def class_indices(names: Sequence[str] | Array) -> tuple[Array, tuple[str, ...]]:
    """Return the index of each name among the sorted classes, int64, and the classes."""
    classes, indices = numpy.unique(numpy.asarray(names), return_inverse=True)
    return indices.astype(numpy.int64), tuple(classes.tolist())
