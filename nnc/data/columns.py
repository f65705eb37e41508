"""The columns of a table as they were found: texts, or numbers where the source has types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import numpy
from numpy.typing import NDArray

from nnc.errors import DataError, nearest

Array = NDArray[Any]
TEXT: Any = numpy.dtypes.StringDType()
"""Element type of columns of texts; short ones take 16 bytes each."""
MISSING_NUMBERS = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Cells, in lower case, that mark a missing number; in a column of texts only an empty cell is missing."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of equal length.

    Args:
        names: a name for each column; ``column 1`` and so on where the source has none.
        arrays: each column, shape (rows): texts, in which a missing cell is empty, or numbers, where it is NaN.
        source: what messages call the table, such as the path of its file.
        lines: line of each row in a text file, shape (rows); None for other sources.
        has_names: whether the names are the source's own.
        decimal: what stands in front of the decimals of a number.
        first_row: number of the first of the rows in the source.
    """

    names: tuple[str, ...]
    arrays: tuple[Array, ...]
    source: str = "table"
    lines: Array | None = None
    has_names: bool = True
    decimal: str = "."
    first_row: int = 0

    def __len__(self) -> int:
        return len(self.arrays[0]) if self.arrays else 0

    def place(self, row: int, column: int | None = None) -> str:
        """Return where a row, or a cell of it, is; lines, rows and columns are counted from 1."""
        where = f"row {self.first_row + row + 1}" if self.lines is None else f"line {self.lines[row]}"
        if column is None:
            return f"{self.source}, {where}"
        title = f" '{self.names[column]}'" if self.has_names else ""
        return f"{self.source}, {where}, column {column + 1}{title}"

    def find(self, column: str | int) -> int:
        """Return the index of a column.

        Args:
            column: its name, or its index from 0, negative from the end; also as text.

        Raises:
            DataError: there is none, or several are named so.
        """
        width = len(self.names)
        if isinstance(column, str):
            named = self.names if self.has_names else ()
            if named.count(column) > 1:
                raise DataError(f"{self.source}: {named.count(column)} columns are named '{column}'; give an index")
            if column in self.names:
                return self.names.index(column)
            if not column.removeprefix("-").isdecimal():
                known = f"columns {', '.join(named)}" if named else "no header"
                raise DataError(f"{self.source}: expected a column '{column}', found {known}.{nearest(column, named)}")
        index = int(column)
        if not -width <= index < width:
            raise DataError(f"{self.source}: expected a column {index}, found {width} columns: 0 … {width - 1}")
        return index % width

    def take(self, rows: Array) -> Columns:
        """Return some of the rows."""
        lines = None if self.lines is None else self.lines[rows]
        return replace(self, arrays=tuple(array[rows] for array in self.arrays), lines=lines)

    def without(self, column: int) -> Columns:
        """Return the others of the columns."""
        names, arrays = ((*items[:column], *items[column + 1 :]) for items in (self.names, self.arrays))
        return replace(self, names=names, arrays=arrays)

    def is_text(self, column: int) -> bool:
        """Whether a column has texts, which may be those of numbers."""
        return self.arrays[column].dtype.kind == "T"

    def texts(self, column: int) -> list[str]:
        """Return a column's cells as texts; whole numbers are written without decimals, a missing one is empty."""
        array = self.arrays[column]
        return list(array.tolist()) if self.is_text(column) else [category_text(number) for number in array.tolist()]

    def numbers(self, column: int) -> tuple[Array, Array]:
        """Return a column's numbers, float64, NaN where a cell has none, and which cells say that there is none.

        A number is missing where its cell is empty or one of `MISSING_NUMBERS`; whatever else is NaN was no number.
        """
        array = self.arrays[column]
        if not self.is_text(column):
            values = array.astype(numpy.float64)
            return values, numpy.isnan(values)
        quick = self._quick_numbers(array)
        if quick is not None:
            return quick, numpy.zeros(len(array), bool)
        cells = array.tolist()
        missing = numpy.array([cell.lower() in MISSING_NUMBERS for cell in cells], bool)
        found = [numpy.nan if number is None else number for number in map(self.number, cells)]
        return numpy.array(found, numpy.float64), missing

    @staticmethod
    def _quick_numbers(array: Array) -> Array | None:
        try:
            values = array.astype(numpy.float64)
        except ValueError:
            return None
        has_underscores = bool((numpy.strings.find(array, "_") >= 0).any())
        return values if not has_underscores and bool(numpy.isfinite(values).all()) else None

    def number(self, cell: str) -> float | None:
        """Return the number that a cell of text is, possibly infinite, or None."""
        if "_" in cell:  # Python reads 1_000 as a number, nobody else does
            return None
        if self.decimal != "." and "." not in cell:
            cell = cell.replace(self.decimal, ".", 1)
        try:
            return float(cell)
        except ValueError:
            return None

    def shown(self, row: int, column: int) -> str:
        """Return a cell for messages."""
        cell = self.texts_of_row(row, column)
        return repr(cell if len(cell) <= 40 else cell[:37] + "...") if cell else "an empty cell"

    def texts_of_row(self, row: int, column: int) -> str:
        """Return one cell as text."""
        cell = self.arrays[column][row]
        return str(cell) if self.is_text(column) else category_text(cell.item())

    def wrong_number(self, row: int, column: int) -> DataError:
        """Return the error for a cell that should be a finite number."""
        number = self.number(self.texts_of_row(row, column))
        expected = "number" if number is None else "finite number"
        is_first = self.lines is not None and self.lines[row] == 1
        hint = " (line 1 has numbers, so it is not a header)" if is_first else ""
        return DataError(f"{self.place(row, column)}: expected a {expected}, found {self.shown(row, column)}{hint}")

    def finite_numbers(self, column: int) -> Array:
        """Return a column's numbers, float64.

        Raises:
            DataError: a cell has no finite number.
        """
        values, _ = self.numbers(column)
        is_wrong = ~numpy.isfinite(values)
        if is_wrong.any():
            raise self.wrong_number(int(is_wrong.argmax()), column)
        return values


def category_text(number: Any) -> str:
    """Return how a number of a table with types is written as a category: 3.0 is 3, and True is True."""
    if isinstance(number, float):
        if isnan(number):
            return ""
        if number.is_integer():
            return str(int(number))
    return str(number)
