"""Tables of numbers in text files: inputs and targets as arrays, and predictions as text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy

from nnc.data.columns import Columns
from nnc.data.table import Array, Table, class_indices
from nnc.errors import DataError


def numeric_table(columns: Columns, target: str | int | None) -> Table:
    """Return inputs and targets of columns that all hold numbers; the target's may hold names of classes.

    Args:
        columns: what was read.
        target: name or index of the target; by default the last column.

    Raises:
        DataError: there is no such target, or a cell is not what it should be.
    """
    column = target_column(columns, target)
    y, classes = known_targets(columns, column)
    others = [index for index in range(len(columns.names)) if index != column]
    names = tuple(columns.names[index] for index in others) if columns.has_names else ()
    return Table(_matrix(columns, others), y, classes, names, columns.names[column] if columns.has_names else "")


def numeric_inputs(columns: Columns, without: str | int | None) -> Array:
    """Return columns that all hold numbers, float64 of shape (rows, columns).

    Args:
        columns: what was read.
        without: name or index of a column that is left out.

    Raises:
        DataError: there is no such column, or a cell is not what it should be.
    """
    left_out = None if without is None else target_column(columns, without)
    return _matrix(columns, [index for index in range(len(columns.names)) if index != left_out])


def target_column(columns: Columns, target: str | int | None) -> int:
    """Return the index of the target, by default the last column.

    Raises:
        DataError: there is no such column, or none beside it.
    """
    if len(columns.names) < 2:
        only = columns.names[0] if columns.has_names else columns.texts_of_row(0, 0)
        raise DataError(
            f"{columns.source}: expected inputs and a target, separated by commas, found one column {only!r:.80}"
        )
    return columns.find(-1 if target is None else target)


def _matrix(columns: Columns, indices: Sequence[int]) -> Array:
    if not indices:
        return numpy.zeros((len(columns), 0))
    found = numpy.empty((len(columns), len(indices)))
    for position, index in enumerate(indices):
        found[:, position], _ = columns.numbers(index)
    for row, position in numpy.argwhere(~numpy.isfinite(found)).tolist():
        raise columns.wrong_number(row, indices[position])  # the first of the file, not that of its first column
    return found


def known_targets(columns: Columns, column: int) -> tuple[Array, tuple[str, ...]]:
    """Return the targets that a column holds, shape (rows, 1), and the names of their classes where it has texts.

    Raises:
        DataError: a cell is missing, or is a text among numbers.
    """
    cells = columns.texts(column)
    are_numbers = [columns.number(cell) is not None for cell in cells]
    if any(are_numbers):
        numeric = are_numbers.index(True)
        if not all(are_numbers):
            # A text among numbers is a mistake far more often than a class: it must not turn a regression into classes.
            row = are_numbers.index(False)
            example = columns.place(numeric).rpartition(", ")[2]
            place, found = columns.place(row, column), columns.shown(row, column)
            raise DataError(f"{place}: expected a number, as in {example}, found {found}")
        return columns.finite_numbers(column).reshape(-1, 1), ()
    if "" in cells:
        row = cells.index("")
        raise DataError(f"{columns.place(row, column)}: expected a number or a class name, found an empty cell")
    indices, classes = class_indices(cells)
    return indices.reshape(-1, 1), classes


def named_columns(path: Path, values: Array, names: Sequence[str] = ()) -> tuple[list[str], Array]:
    """Return the names of the columns of a table, and its cells, shape (rows, columns); see `csv_text`.

    Raises:
        DataError: the array has another number of axes.
    """
    if not 1 <= values.ndim <= 2:
        raise DataError(
            f"{path}: a {path.suffix} file holds at most two axes, got shape {values.shape}; write .npz or .npy"
        )
    rows = values.reshape(-1, 1) if values.ndim == 1 else values
    if not names:
        names = ["y"] if rows.shape[1] == 1 else [f"y{column}" for column in range(rows.shape[1])]
    return list(names), rows


def csv_text(path: Path, values: Array, names: Sequence[str] = ()) -> str:
    """Return the text of a .csv file with a header.

    Args:
        path: the file, for messages.
        values: numbers or names, shape (rows,) or (rows, columns).
        names: of the columns; by default ``y``, or ``y0,y1,…`` for several.

    Raises:
        DataError: the array has another number of axes.
    """
    names, rows = named_columns(path, values, names)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    # str of a NumPy number is the shortest text that reads back as the same number of its type.
    writer.writerows([str(value) for value in row] for row in rows)
    return text.getvalue()
