"""The meaning of a table's target: a number, or one of several classes, and what outputs say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy
from numpy.typing import NDArray

from nnc.data.columns import Columns, category_text
from nnc.errors import DataError, nearest
from nnc.tables.inputs import listed
from nnc.tables.outputs import SCALES, chosen, probabilities

Array = NDArray[Any]


@dataclass(frozen=True)
class NumberTarget:
    """A target that is a number, as it is.

    Args:
        name: its name.
    """

    kind: ClassVar[str] = "number"

    name: str

    def describe(self) -> str:
        """Return what it is, in words."""
        return "target, number"

    def encode(self, columns: Columns, column: int) -> Array:
        """Return the numbers, float64 of shape (rows, 1).

        Raises:
            DataError: a cell has no finite number.
        """
        return columns.finite_numbers(column).reshape(-1, 1)


@dataclass(frozen=True)
class ClassTarget:
    """A target that is one of several classes.

    Args:
        name: its name.
        classes: names of the classes, in the order of the model's outputs.
        scale: what the model's outputs are; see `nnc.tables.outputs`.
        units: outputs of the model: one per class, or 1 for the second of two.
        one_hot: whether the loss takes a column per class, instead of the index.
    """

    kind: ClassVar[str] = "class"

    name: str
    classes: tuple[str, ...]
    scale: str
    units: int
    one_hot: bool

    def describe(self) -> str:
        """Return what it is, in words."""
        return f"target, {len(self.classes)} classes: {listed(self.classes)}"

    def encode(self, columns: Columns, column: int) -> Array:
        """Return the index of each row's class, int64 of shape (rows, 1), or a one in its column, float32.

        Raises:
            DataError: a class is unknown, or missing.
        """
        cells = class_names(columns, column)
        found = self.indices(cells)
        if (found < 0).any():
            row = int((found < 0).argmax())
            raise DataError(
                f"{columns.place(row, column)}: expected one of the classes {listed(self.classes)}, found"
                f" {columns.shown(row, column)}.{nearest(cells[row], self.classes)}"
            )
        return numpy.eye(len(self.classes), dtype="float32")[found] if self.one_hot else found.reshape(-1, 1)

    def indices(self, cells: Sequence[str]) -> Array:
        """Return the index of each cell's class, int64 of shape (rows), -1 where there is none."""
        index = {name: number for number, name in enumerate(self.classes)}
        return numpy.array([index.get(cell, -1) for cell in cells], numpy.int64)

    def predicted(self, outputs: Array) -> Array:
        """Return the name of the class that each row of outputs says, texts of shape (rows)."""
        return numpy.array(self.classes)[chosen(outputs, self.scale)]

    def probabilities(self, outputs: Array) -> Array:
        """Return the probability of each class, shape (rows, classes).

        Raises:
            DataError: the outputs are distances from a boundary, which are not probabilities.
        """
        if self.scale == SCALES[2]:
            raise DataError(f"the loss of '{self.name}' takes distances from a boundary, which are not probabilities")
        found: Array = probabilities(outputs, self.scale)
        return found


def class_names(columns: Columns, column: int) -> list[str]:
    """Return a column's cells as names of classes; a number has the same name however it is written: 1.0 is 1."""
    cells = columns.texts(column)
    if not columns.is_text(column):
        return cells
    numbers = [columns.number(cell) for cell in cells]
    return [cell if number is None else category_text(number) for cell, number in zip(cells, numbers, strict=True)]


Target = NumberTarget | ClassTarget
