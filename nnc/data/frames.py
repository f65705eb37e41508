"""Takes tables that programs hold: data frames of any library, columns by name, rows, and arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from nnc.data.cells import column_of
from nnc.data.columns import Array, Columns
from nnc.errors import DataError


def as_columns(table: Any, names: Sequence[str], source: str = "table") -> Columns:
    """Return the columns of a table.

    Args:
        table: columns; the path of a file; a data frame (pandas, polars, pyarrow, …) or a mapping with a column for
            each name; a list of rows that are mappings; or rows without names, also as an array of two axes, whose
            cells are in the order of `names`.
        names: names of the columns that rows without names have.
        source: what messages call the table.

    Raises:
        DataError: it is none of those, columns have different lengths, there is no row, or a cell is neither a text,
            a number nor missing.
    """
    if isinstance(table, Columns):
        return table
    if isinstance(table, str | os.PathLike):
        from nnc.data.table_files import read_columns

        return read_columns(table)
    found = _named_columns(table)
    if found is None:
        found = _columns_of_rows(table, names, source)
    own = tuple(map(str, found))
    arrays = tuple(column_of(values, name, source) for name, values in zip(own, found.values(), strict=True))
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        raise DataError(
            f"{source}: expected columns of equal length, found {', '.join(map(str, sorted(lengths)))} rows"
        )
    if not lengths or lengths == {0}:
        raise DataError(f"{source}: expected at least one row, found none")
    return Columns(own, arrays, source)


def is_frame(table: Any) -> bool:
    """Whether something is a data frame: it has names of columns, and a column for each of them."""
    return hasattr(table, "__getitem__") and (hasattr(table, "columns") or hasattr(table, "column_names"))


def _named_columns(table: Any) -> dict[Any, Any] | None:
    """Return columns by name, or None where the table has none."""
    if isinstance(table, Mapping):
        return dict(table)
    if is_frame(table):
        names = getattr(table, "column_names", None)  # pyarrow's; its `columns` are the columns themselves
        return {name: table[name] for name in (table.columns if names is None else names)}
    if getattr(getattr(table, "dtype", None), "names", None):
        return {name: table[name] for name in table.dtype.names}
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        keys = dict.fromkeys(key for row in table for key in row)
        return {key: _cells([row.get(key) for row in table]) for key in keys}
    return None


def _columns_of_rows(table: Any, names: Sequence[str], source: str) -> dict[Any, Any]:
    if isinstance(table, numpy.ndarray):
        rows: Any = table
        widths = {table.shape[1]} if table.ndim == 2 else {-1}
    else:
        rows = (
            [list(row) if isinstance(row, Iterable) and not isinstance(row, str) else None for row in table]
            if (isinstance(table, Iterable))
            else [None]
        )
        widths = {-1 if row is None else len(row) for row in rows}
    if widths != {len(names)}:
        raise DataError(
            f"{source}: expected rows of {len(names)} cells ({', '.join(names[:20])}), or a table with these columns"
        )
    if isinstance(rows, numpy.ndarray):
        return {name: rows[:, index] for index, name in enumerate(names)}
    return {name: _cells([row[index] for row in rows]) for index, name in enumerate(names)}


def _cells(cells: Sequence[Any]) -> Array:
    found = numpy.empty(len(cells), object)
    found[:] = cells
    return found
