"""Tables in .csv files."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from math import isfinite
from pathlib import Path

import numpy

from nnc.data.table import Array, Table, class_indices
from nnc.errors import DataError, nearest


@dataclass
class _Cells:
    """The rows of a CSV file so far: numbers in one flat array, target cells as they are."""

    path: Path
    width: int
    target: int | None
    names: tuple[str, ...]
    numbers: array[float] = field(default_factory=lambda: array("d"))
    targets: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, line: int, row: Sequence[str]) -> None:
        if len(row) != self.width:
            raise DataError(f"{self.path}, line {line}: expected {self.width} cells, found {len(row)}")
        for column, cell in enumerate(row):
            if column != self.target:
                self.numbers.append(self.number(line, column, cell))
        if self.target is not None:
            self.targets.append(row[self.target])
        self.lines.append(line)

    def inputs(self) -> Array:
        width = self.width - (self.target is not None)
        return numpy.array(self.numbers, numpy.float64).reshape(-1, width)

    def number(self, line: int, column: int, cell: str) -> float:
        found = _number(cell)
        if found is None or not isfinite(found):
            expected = "number" if found is None else "finite number"
            hint = " (line 1 has numbers, so it is no header)" if line == 1 else ""
            raise DataError(self.place(line, column) + f": expected a {expected}, found {_shown(cell)}{hint}")
        return found

    def place(self, line: int, column: int) -> str:
        title = f" '{self.names[column]}'" if self.names else ""
        return f"{self.path}, line {line}, column {column + 1}{title}"


def read_csv(path: Path, target: str | int | None) -> Table:
    """Read a table; see `nnc.data.read_table`.

    Raises:
        DataError: a cell, a line or the file is not what it should be.
    """
    cells = _read_cells(path, lambda row, names: _target_column(path, target, row, names))
    column = cells.target
    assert column is not None
    y, classes = _csv_targets(cells, column)
    columns = cells.names[:column] + cells.names[column + 1 :]
    return Table(cells.inputs(), y, classes, columns, cells.names[column] if cells.names else "")


def read_csv_inputs(path: Path, without: str | int | None) -> Array:
    """Read inputs alone; see `nnc.data.read_inputs`.

    Raises:
        DataError: a cell, a line or the file is not what it should be.
    """

    def left_out(row: Sequence[str], names: Sequence[str]) -> int | None:
        return None if without is None else _target_column(path, without, row, names)

    return _read_cells(path, left_out).inputs()


def _read_cells(path: Path, target: Callable[[Sequence[str], Sequence[str]], int | None]) -> _Cells:
    """Read all lines; `target` chooses, by the first line and the header, the column that is no input."""
    cells: _Cells | None = None
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True, skipinitialspace=True)
        try:
            for raw in reader:
                row = [cell.strip() for cell in raw]
                if not any(row) and len(row) <= 1:
                    continue
                if cells is None:
                    is_header = all(_number(cell) is None for cell in row)
                    names = tuple(row) if is_header else ()
                    cells = _Cells(path, len(row), target(row, names), names)
                    if is_header:
                        continue
                cells.add(reader.line_num, row)
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: expected comma-separated cells, found {error}") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, after line {reader.line_num}: expected UTF-8 text, found {error}") from error
    if cells is None or not cells.lines:
        raise DataError(f"{path}: expected at least one line of data, found {'a header' if cells else 'none'}")
    return cells


def _target_column(path: Path, target: str | int | None, row: Sequence[str], names: Sequence[str]) -> int:
    width = len(row)
    if width < 2:
        raise DataError(f"{path}: expected inputs and a target, separated by commas, found one column {_shown(row[0])}")
    if isinstance(target, str):
        if names.count(target) > 1:
            raise DataError(f"{path}: {names.count(target)} columns are named '{target}'; give the target's index")
        if target in names:
            return names.index(target)
        if not re.fullmatch("-?[0-9]+", target):
            known = f"columns {', '.join(names)}" if names else "no header"
            raise DataError(f"{path}: expected a target column '{target}', found {known}.{nearest(target, names)}")
    index = -1 if target is None else int(target)
    if not -width <= index < width:
        raise DataError(f"{path}: expected a target column {index}, found {width} columns: 0 … {width - 1}")
    return index % width


def _csv_targets(cells: _Cells, column: int) -> tuple[Array, tuple[str, ...]]:
    pairs = list(zip(cells.lines, cells.targets, strict=True))
    numeric = next((line for line, cell in pairs if _number(cell) is not None), None)
    for line, cell in pairs:
        if _number(cell) is None and (numeric is not None or not cell):
            # A text among numbers is a mistake far more often than a class: it must not turn a regression into classes.
            expected = "a number or a class name" if numeric is None else f"a number, as in line {numeric}"
            raise DataError(f"{cells.place(line, column)}: expected {expected}, found {_shown(cell)}")
    if numeric is None:
        indices, classes = class_indices(cells.targets)
        return indices.reshape(-1, 1), classes
    numbers = [cells.number(line, column, cell) for line, cell in pairs]
    return numpy.array(numbers, numpy.float64).reshape(-1, 1), ()


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python reads 1_000 as a number, nobody else does
    except ValueError:
        return None


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:37] + "...") if cell else "an empty cell"


def csv_text(path: Path, values: Array) -> str:
    """Return the text of a .csv file, with the header ``y``, or ``y0,y1,…`` for several columns.

    Args:
        path: the file, for messages.
        values: numbers or names, shape (rows,) or (rows, columns).

    Raises:
        DataError: the array has another number of axes.
    """
    if not 1 <= values.ndim <= 2:
        raise DataError(f"{path}: a .csv file holds at most two axes, got shape {values.shape}; write .npz or .npy")
    rows = values.reshape(-1, 1) if values.ndim == 1 else values
    names = ["y"] if rows.shape[1] == 1 else [f"y{column}" for column in range(rows.shape[1])]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    # str of a NumPy number is the shortest text that reads back as the same number of its type.
    writer.writerows([str(value) for value in row] for row in rows)
    return text.getvalue()
