"""Rows that lie in many parts, of which some are kept in memory, within a limit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy

from nnc.errors import DataError

Array = Any
CACHE_BYTES = 2**30
"""Bytes of parts that are kept in memory, unless somebody says otherwise."""
_MOST_OPEN = 256
"""Files that are open at the same time."""


class PartCache:
    """Keeps the parts that were read last: those that were unpacked within a number of bytes, and some mapped files.

    Args:
        limit: bytes; a single part may have more.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self._kept: dict[Hashable, Array] = {}

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """Return a part, which is made where it is not kept."""
        found = self._kept.pop(key, None)
        if found is None:
            self._make_room(0)
            found = make()
            self._make_room(_bytes_of(found))
        self._kept[key] = found  # now the last one
        return found

    def _make_room(self, needed: int) -> None:
        kept = sum(map(_bytes_of, self._kept.values()))
        while self._kept and (kept + needed > self.limit or len(self._kept) >= _MOST_OPEN):
            kept -= _bytes_of(self._kept.pop(next(iter(self._kept))))


def _bytes_of(part: Array) -> int:
    return 0 if isinstance(part, numpy.memmap) else int(part.nbytes)


class RowParts:
    """The rows of all parts, one part behind the other; see `nnc.data.row_array.RowSource`.

    Args:
        lengths: rows of each part.
        row_shape: shape of a row.
        dtype: element type.
        open_part: returns the rows of a part by its number.
        names: names of the parts, for messages.
        cache: keeps parts.
        read_whole: whether any row of a part costs the whole of it.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        row_shape: Sequence[int],
        dtype: Any,
        open_part: Callable[[int], Array],
        names: Sequence[str],
        cache: PartCache,
        read_whole: bool,
    ) -> None:
        self.dtype, self.names = numpy.dtype(dtype), names
        self.ends = numpy.cumsum(numpy.asarray(lengths, "int64"))
        self.shape = (int(self.ends[-1]), *row_shape)
        self.starts = self.ends - lengths if read_whole else None
        self.lengths, self._open_part, self._cache = lengths, open_part, cache

    @property
    def unpacks_again(self) -> bool:
        """Whether parts that are read as a whole are more than are kept."""
        size = int(numpy.prod(self.shape)) * self.dtype.itemsize
        return self.starts is not None and len(self.lengths) > 1 and size > self._cache.limit

    def read(self, rows: Array) -> Array:
        """Return rows by their numbers; each part is opened once for all that is wanted of it.

        Raises:
            DataError: a part cannot be read, or has changed.
        """
        if len(self.lengths) == 1:
            return self._part(0)[rows]
        found = numpy.empty((len(rows), *self.shape[1:]), self.dtype)
        parts = numpy.searchsorted(self.ends, rows, "right")
        for number in numpy.unique(parts).tolist():
            wanted = parts == number
            found[wanted] = self._part(number)[rows[wanted] - (int(self.ends[number]) - self.lengths[number])]
        return found

    def _part(self, number: int) -> Array:
        return self._cache.get((self, number), lambda: self._opened(number))

    def _opened(self, number: int) -> Array:
        name = self.names[number]
        try:
            part = self._open_part(number)
        except OSError as error:
            raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error
        expected = (self.lengths[number], *self.shape[1:])
        if part.shape != expected:
            raise DataError(f"{name}: expected shape {expected}, as when it was opened, found {part.shape}")
        return part
