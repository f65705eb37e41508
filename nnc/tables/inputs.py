"""The meaning of a column of inputs: a number, a category, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy
from numpy.typing import NDArray

from nnc.data.columns import Columns
from nnc.errors import DataError, nearest
from nnc.texts import printable

Array = NDArray[Any]
_MOST_SHOWN = 8


@dataclass(frozen=True)
class Element:
    """One element of a row of a program's inputs: ``(value - mean) / spread`` of a value that a row of a table has.

    Args:
        label: its name, ``size`` or ``color=red``.
        mean: what is subtracted from the value: a number, or 1 in rows of a category and 0 in others.
        spread: what the difference is divided by.
        missing: the value where the cell is missing; None where that is an error.
    """

    label: str
    mean: float = 0.0
    spread: float = 1.0
    missing: float | None = None


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, which a program gets as ``(number - mean) / spread``.

    Args:
        name: its name.
        mean: what is subtracted.
        spread: what it is divided by.
        missing: the number that stands for a missing one; None where that is an error.
        note: where `missing` comes from, for messages.
    """

    kind: ClassVar[str] = "number"

    name: str
    mean: float = 0.0
    spread: float = 1.0
    missing: float | None = None
    note: str = ""

    @property
    def elements(self) -> tuple[Element, ...]:
        """The inputs that a program gets from it."""
        return (Element(self.name, self.mean, self.spread, self.missing),)

    @property
    def is_plain(self) -> bool:
        """Whether a program gets the numbers as they are."""
        return (self.mean, self.spread, self.missing) == (0.0, 1.0, None)

    def describe(self) -> str:
        """Return what is done, in words."""
        scaled = "as it is" if (self.mean, self.spread) == (0.0, 1.0) else "standardized"
        gap = "" if self.missing is None else f"; missing: {self.missing:.6g}{f' ({self.note})' if self.note else ''}"
        return f"number, {scaled}{gap}"

    def encode(self, columns: Columns, column: int) -> Array:
        """Return the program's input, float64 of shape (rows, 1).

        Args:
            columns: the table.
            column: index of this column there.

        Raises:
            DataError: a cell has no finite number, or is missing and may not be.
        """
        values, is_missing = columns.numbers(column)
        is_wrong = ~numpy.isfinite(values) & ~is_missing
        if is_wrong.any():
            raise columns.wrong_number(int(is_wrong.argmax()), column)
        if is_missing.any():
            if self.missing is None:
                raise DataError(
                    f"{columns.place(int(is_missing.argmax()), column)}: expected a number, found"
                    f" {columns.shown(int(is_missing.argmax()), column)}; no row that the program was trained on lacks"
                    f" one. Say what replaces it in the model file: columns: {{{self.name}: {{number: {{missing:"
                    " mean}}}"
                )
            values = numpy.where(is_missing, self.missing, values)
        return ((values - self.mean) / self.spread).reshape(-1, 1)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories, each of which becomes an input that is 1 in its rows and 0 in the others.

    Args:
        name: its name.
        categories: their texts, in order; an empty one for missing cells that are a category of their own.
        missing: the category of a missing cell; None where that is an error.
        unknown: whether there is one more input, for all other categories; without it they are errors.
    """

    kind: ClassVar[str] = "category"

    name: str
    categories: tuple[str, ...]
    missing: str | None = None
    unknown: bool = False

    @property
    def elements(self) -> tuple[Element, ...]:
        """The inputs that a program gets from it."""
        inputs = [(category or "missing", category == self.missing) for category in self.categories]
        if self.unknown:
            inputs.append(("unknown", False))
        return tuple(
            Element(f"{self.name}={text}", missing=None if self.missing is None else float(stands))
            for text, stands in inputs
        )

    @property
    def is_plain(self) -> bool:
        """False: a program gets something else than the column."""
        return False

    def describe(self) -> str:
        """Return what is done, in words."""
        gap = ""
        if self.missing == "":
            gap = "; missing is one of them"
        elif self.missing is not None:
            gap = f"; missing: {printable(self.missing)}"
        return f"category: {listed([*(text for text in self.categories if text), *(['others'] * self.unknown)])}{gap}"

    def encode(self, columns: Columns, column: int) -> Array:
        """Return the program's input, float64 of shape (rows, categories).

        Args:
            columns: the table.
            column: index of this column there.

        Raises:
            DataError: a category is unknown, or a cell is missing, and it may not be.
        """
        index = {category: number for number, category in enumerate(self.categories)}
        if self.missing is not None:
            index[""] = index[self.missing]
        cells = columns.texts(column)
        other = len(self.categories) if self.unknown else -1
        found = numpy.array([index.get(cell, -1 if not cell else other) for cell in cells], numpy.int64)
        if (found < 0).any():
            row = int((found < 0).argmax())
            raise DataError(
                f"{columns.place(row, column)}: expected one of {listed(self.categories)}, found"
                f" {columns.shown(row, column)}.{nearest(cells[row], self.categories)}"
            )
        return numpy.eye(len(self.categories) + self.unknown)[found]


@dataclass(frozen=True)
class IgnoredColumn:
    """A column that a program gets nothing from.

    Args:
        name: its name.
        reason: why, for messages.
    """

    kind: ClassVar[str] = "ignore"

    name: str
    reason: str = ""

    @property
    def elements(self) -> tuple[Element, ...]:
        """None."""
        return ()

    @property
    def is_plain(self) -> bool:
        """False: a program does not get the column."""
        return False

    def describe(self) -> str:
        """Return why, for people."""
        return f"ignored{f': {self.reason}' if self.reason else ''}"

    def encode(self, columns: Columns, column: int) -> Array:
        """Return nothing, shape (rows, 0)."""
        del column
        return numpy.zeros((len(columns), 0))


InputColumn = NumberColumn | CategoryColumn | IgnoredColumn


def listed(names: Any) -> str:
    """Return names for people, the first of them where there are many."""
    shown = [printable(str(name)) or "missing" for name in names]
    more = f", … ({len(shown)})" if len(shown) > _MOST_SHOWN else ""
    return ", ".join(shown[:_MOST_SHOWN]) + more
