"""A column as texts or numbers, from whatever a library's column becomes as an array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy

from nnc.data.columns import TEXT, Array, category_text
from nnc.errors import DataError


def column_of(values: Any, name: str, source: str) -> Array:
    """Return a column as texts or numbers, from whatever a library's column becomes as an array.

    Args:
        values: shape (rows).
        name: its name, for messages.
        source: the table, for messages.

    Raises:
        DataError: it has another number of axes, or elements that are neither texts, numbers nor missing.
    """
    array = numpy.asarray(values)
    if array.ndim != 1:
        raise DataError(f"{source}, column '{name}': expected one cell per row, found shape {array.shape}")
    kind = array.dtype.kind
    if kind in "iuf":
        return array
    if kind == "T" and array.dtype == TEXT:
        return array
    if kind in "bUT":
        return numpy.array([str(cell) for cell in array.tolist()], TEXT)
    if kind == "M":
        return numpy.array(["" if text == "NaT" else text for text in numpy.datetime_as_string(array)], TEXT)
    return _column_of_objects(array.tolist() if kind == "O" else list(values), name, source)


def _column_of_objects(cells: Sequence[Any], name: str, source: str) -> Array:
    missing = [is_missing(cell) for cell in cells]
    found = [cell for cell, gone in zip(cells, missing, strict=True) if not gone]
    if all(isinstance(cell, int | float | numpy.number) and not isinstance(cell, bool) for cell in found):
        return numpy.array([numpy.nan if gone else float(cell) for cell, gone in zip(cells, missing, strict=True)])
    for row, (cell, gone) in enumerate(zip(cells, missing, strict=True)):
        if not gone and (isinstance(cell, Iterable) and not isinstance(cell, str)):
            raise DataError(
                f"{source}, row {row + 1}, column '{name}': expected a text or a number, found {type(cell).__name__}"
            )
    texts = [
        "" if gone else cell if isinstance(cell, str) else category_text(cell)
        for cell, gone in zip(cells, missing, strict=True)
    ]
    return numpy.array(texts, TEXT)


def is_missing(cell: Any) -> bool:
    """Whether an object of a table is what a library writes for a missing cell: None, NaN, NaT or pandas.NA."""
    if cell is None or isinstance(cell, str):
        return cell is None
    if isinstance(cell, float | numpy.floating):
        return bool(numpy.isnan(cell))
    return type(cell).__name__ in ("NAType", "NaTType")
