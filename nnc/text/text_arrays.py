"""Texts of whatever a user gives, as NumPy arrays of their bytes in UTF-8."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.errors import DataError
from nnc.texts import printable

Array = Any


def as_text_array(given: Any, name: str) -> Array:
    """Return texts as an array of objects, each the bytes of one.

    Args:
        given: an array, a tensor, a column, or nested lists of texts or of bytes.
        name: what messages call it, such as ``input 'x'``.

    Raises:
        DataError: it holds something else than texts, or they are not of one shape.
    """
    try:
        array = numpy.array(given, object) if isinstance(given, list | tuple) else numpy.asarray(given)
    except MemoryError:
        raise
    except Exception as error:  # objects of others do as they like
        raise DataError(f"{name} is not an array of texts: {error}") from None
    if array.dtype.kind not in "USOT":
        raise DataError(f"{name} must hold texts, got elements of type {array.dtype}")
    items = [item if type(item) is bytes else _encoded(item, name, place) for place, item in enumerate(array.flat)]
    found = numpy.empty(len(items), object)
    found[:] = items
    return found.reshape(array.shape)


def _encoded(item: Any, name: str, place: int) -> bytes:
    if isinstance(item, str):
        try:
            return item.encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{name}: text {place} cannot be written as UTF-8: {error}") from None
    if isinstance(item, bytes):
        return bytes(item)
    if isinstance(item, list | tuple):
        raise DataError(f"{name} must be an array of texts; rows of different lengths are none")
    shown = printable(repr(item))[:40]
    raise DataError(f"{name} must hold texts, element {place} is {shown}; write a missing text as ''")
