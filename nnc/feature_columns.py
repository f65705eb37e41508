"""The columns of what a `FeatureSpace` is given: of dictionaries of arrays, or of data sets of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import numpy

from nnc.errors import DataError, nearest

_ROWS = 32
"""Rows that are learnt from at once where data have no batches."""


def column(data: Mapping[str, Any], name: str, dtype: str) -> Any:
    """Return a column as an array.

    Args:
        data: columns by name.
        name: that of the column.
        dtype: element type of the feature: texts become arrays of texts, numbers of a ``float32`` one ``float32``.

    Raises:
        DataError: it is missing.
    """
    if name not in data:
        raise DataError(f"FeatureSpace: there is no column {name!r}.{nearest(name, list(data))}")
    found = numpy.asarray(data[name])
    if dtype == "string" and found.dtype.kind in "OS":
        items = [item.decode() if isinstance(item, bytes) else item for item in found.ravel()]
        is_text = all(isinstance(item, str) for item in items)
        return numpy.array(items, str if is_text else object).reshape(found.shape)
    return found.astype("float32") if dtype == "float32" and found.dtype.kind in "biuf" else found


def batches(dataset: Any, name: str, dtype: str) -> Iterator[Any]:
    """Yield the elements of a column, shape (rows, 1) or (rows, …), as Keras's layers get them to learn from.

    Args:
        dataset: columns by name, or an iterable of such, of one row or of several each.
        name: that of the column.
        dtype: see `column`.

    Raises:
        DataError: the data are no dictionary, and no dictionaries.
    """
    if isinstance(dataset, Mapping):
        rows: Iterable[Any] = iter(column(dataset, name, dtype))
    else:
        rows = (column(_dictionary(item), name, dtype) for item in dataset)
    elements = iter(rows)
    first = next(elements, None)
    if first is None:
        raise DataError(f"FeatureSpace: there are no data of {name!r} to adapt to")
    elements = chain([first], elements)
    for batch in _gathered(elements) if numpy.ndim(first) == 0 else elements:
        yield batch.reshape(-1, 1) if batch.ndim == 1 else batch


def _gathered(elements: Iterator[Any]) -> Iterator[Any]:
    while rows := list(islice(elements, _ROWS)):
        yield numpy.array(rows)


def _dictionary(item: Any) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise DataError(
            "`adapt()` can only be called on a dict of arrays or lists, or on an iterable of dicts; got an element of"
            f" type {type(item).__name__}"
        )
    return item
