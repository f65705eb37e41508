"""Arrays whose rows lie elsewhere, in files, and are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

import numpy

from nnc.arrays import check_whole, spread
from nnc.errors import DataError

Array = Any
_BLOCK_BYTES = 2**24
"""Bytes of the rows that are looked at together where all of them are."""
_SAMPLED_PIECES = 4
_CANDIDATES = 1024


class RowSource(Protocol):
    """Whatever has rows, and returns those that are asked for.

    Attributes:
        shape: number of rows, and the shape of each.
        dtype: element type.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def dtype(self) -> Any: ...  # noqa: D102

    def read(self, rows: Array) -> Array:
        """Return rows by their numbers, int64 of shape (rows), in this order; in an array of its own or a window."""


class RowArray:
    """An array whose rows are read where they are asked for, and only these.

    `fit` and `evaluate` take it for an array, and so does whatever asks NumPy for one, which reads all of it. A slice
    reads nothing and is such an array again; ``array[numbers]`` and ``array.take(numbers)`` read rows.

    Args:
        source: has the rows: anything with ``shape``, ``dtype`` and a method ``read`` that takes row numbers.
    """

    reads_rows: ClassVar[bool] = True

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self.shape: tuple[int, ...] = tuple(map(int, source.shape))
        self.dtype = numpy.dtype(source.dtype)
        self._rows: Array | range = range(self.shape[0])
        self._name = ""

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"RowArray(shape={self.shape}, dtype={self.dtype})"

    @property
    def is_whole(self) -> bool:
        """Whether it has all rows of its source, in their order."""
        return self._rows == range(len(self)) if isinstance(self._rows, range) else False

    @property
    def unpacks_again(self) -> bool:
        """Whether rows in any order unpack parts again and again, because not all of them are kept."""
        return bool(getattr(self.source, "unpacks_again", False))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    # ------------------------------------------------------------------ windows

    def _window(self, rows: Array | range) -> RowArray:
        found = RowArray.__new__(RowArray)
        found.source, found.dtype, found._name = self.source, self.dtype, self._name
        found.shape, found._rows = (len(rows), *self.shape[1:]), rows
        return found

    def window(self, rows: Array) -> RowArray:
        """Return some of the rows, by their numbers, without reading them.

        Args:
            rows: int64, shape (rows).
        """
        return self._window(self._numbers(numpy.asarray(rows, "int64")))

    def converted(self, dtype: Any, name: str) -> RowArray:
        """Return the array with elements of another type, into which rows are converted once they are read.

        Args:
            dtype: the element type.
            name: what messages call the array.
        """
        found = self._window(self._rows)
        found.dtype, found._name = numpy.dtype(dtype), name
        return found

    def computed(self, function: Callable[[Array], Array]) -> RowArray:
        """Return what a function makes of the rows, which sees some of them at a time."""
        return RowArray(_Computed(self, function))

    def __getitem__(self, key: Any) -> Any:
        """Return a window on a slice of rows, with ``[..., None]`` or ``[..., 0]`` one of another rank; or read rows.

        Raises:
            IndexError: it is another kind of index.
        """
        if isinstance(key, slice):
            return self._window(self._rows[key])
        if isinstance(key, tuple) and len(key) == 2 and key[0] is Ellipsis:
            if key[1] is None or (isinstance(key[1], int) and key[1] == 0 and self.shape[-1] == 1 and self.ndim > 1):
                found = self._window(self._rows)
                found.shape = (*self.shape, 1) if key[1] is None else self.shape[:-1]
                return found
        elif isinstance(key, int | numpy.integer) and not isinstance(key, bool):
            return self.take(numpy.array([key]))[0]
        elif isinstance(key, list | numpy.ndarray) and numpy.asarray(key).dtype.kind in "iu":
            return self.take(numpy.asarray(key))
        raise IndexError(
            f"an array that is read by rows takes a slice of rows or their numbers as index, got {key!r:.80};"
            " numpy.asarray(array) reads all of it"
        )

    # ------------------------------------------------------------------ reading

    def take(self, indices: Array, axis: int | None = 0, out: Array | None = None, mode: str = "raise") -> Array:
        """Read rows; the arguments are those of ``numpy.take``.

        Args:
            indices: numbers of rows, of shape (rows).
            axis: 0.
            out: gets the rows, where it is given.
            mode: ``raise`` or ``clip``.

        Raises:
            DataError: the rows cannot be read.
            IndexError: there is no such row.
        """
        if axis != 0:
            raise IndexError("an array that is read by rows is taken from along its first axis alone, axis=0")
        numbers = numpy.asarray(indices, "int64")
        if mode == "clip":
            numbers = numpy.clip(numbers, 0, len(self) - 1)
        found = self._read(self._numbers(numbers))
        if out is None:
            return found
        out[...] = found
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Read all rows."""
        del copy  # which it always is
        found = numpy.empty(self.shape, self.dtype)
        for places, rows in self.blocks(range(len(self))):
            found[places] = rows
        return found if dtype is None else found.astype(dtype, copy=False)

    def blocks(self, part: range) -> Iterator[tuple[Array, Array]]:
        """Read many rows, some at a time and in the order in which they lie; yield their numbers here, and the rows.

        Args:
            part: which rows, one behind the other.
        """
        step = max(1, _BLOCK_BYTES // max(1, self.dtype.itemsize * int(numpy.prod(self.shape[1:]))))
        rows = self._rows[part.start : part.stop]
        order = None if isinstance(rows, range) else numpy.argsort(rows, kind="stable")
        for begin in range(0, len(part), step):
            places = numpy.arange(begin, min(begin + step, len(part)))
            places = places if order is None else order[places]
            places = places + part.start
            yield places, self.take(places)

    def sample(self, count: int) -> Array:
        """Return numbers of so many rows, spread over all of them, of a few pieces where these are read as a whole."""
        places = spread(len(self), count)
        starts = getattr(self.source, "starts", None)
        if starts is None or not len(places):
            return places
        places = spread(len(self), _CANDIDATES)
        pieces = numpy.searchsorted(starts, self._numbers(places), "right")
        known = numpy.unique(pieces)
        chosen = known[spread(len(known), _SAMPLED_PIECES)]
        return numpy.sort(numpy.concatenate([places[pieces == piece][: count // len(chosen)] for piece in chosen]))

    def _numbers(self, indices: Array) -> Array:
        """Return the numbers that rows have in the source.

        Raises:
            IndexError: there is no such row.
        """
        count = len(self)
        if len(indices) and not -count <= int(indices.min()) <= int(indices.max()) < count:
            raise IndexError(f"there are {count} rows, and no row {int(indices[numpy.abs(indices).argmax()])}")
        indices = numpy.where(indices < 0, indices + count, indices)
        if isinstance(self._rows, range):
            return indices * self._rows.step + self._rows.start
        return self._rows[indices]

    def _read(self, numbers: Array) -> Array:
        found = self.source.read(numbers)
        expected = (len(numbers), *map(int, self.source.shape[1:]))
        if found.shape != expected:
            raise DataError(f"expected rows of shape {expected} of {type(self.source).__name__}, got {found.shape}")
        if self.dtype.kind in "iu":
            check_whole(found, str(self.dtype), self._name or "an array", numbers)
        with numpy.errstate(over="ignore"):  # what is too large for the element type becomes infinite
            return found.reshape(len(numbers), *self.shape[1:]).astype(self.dtype, copy=False)


class _Computed:
    """What a function makes of rows; see `RowArray.computed`."""

    def __init__(self, given: RowArray, function: Callable[[Array], Array]) -> None:
        self.given, self.function = given, function
        first = function(given.take(numpy.arange(1)))
        self.shape, self.dtype = (len(given), *first.shape[1:]), first.dtype
        self.starts = getattr(given.source, "starts", None) if given.is_whole else None  # where pieces begin
        self.unpacks_again = given.unpacks_again

    def read(self, rows: Array) -> Array:
        """Read rows and return what the function makes of them."""
        return self.function(self.given.take(rows))
