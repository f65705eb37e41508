"""Files of rows as a training takes them: one that is read as a whole, or files of which rows are read as needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy

from nnc.data import row_parts
from nnc.data.array_files import ArchiveRows, npy_rows, texts_in
from nnc.data.columns import Columns
from nnc.data.csv_table import known_targets, numeric_inputs, numeric_table, target_column
from nnc.data.npz_table import npz_input_key, npz_keys, stored_arrays
from nnc.data.parquet_rows import ParquetRows
from nnc.data.part_paths import files_of, is_several
from nnc.data.row_array import RowArray
from nnc.data.row_parts import CACHE_BYTES, PartCache
from nnc.data.table import Table, class_indices
from nnc.data.table_files import is_table, read_arrays, read_columns, read_inputs, read_table
from nnc.errors import DataError

Array = Any
SUFFIXES = (".npy", ".npz", ".parquet")
"""Files that are read by rows."""


class WholeFile:
    """A file that is read as a whole.

    Args:
        path: the file.
        encoding: of a text file.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path, self.encoding = path, encoding

    @property
    def is_table(self) -> bool:
        """Whether it holds a table of columns."""
        return is_table(self.path)

    @cached_property
    def columns(self) -> Columns:
        """The columns of a table; see `nnc.data.read_columns`."""
        return read_columns(self.path, self.encoding)

    def computed(self, function: Callable[[Columns], Array], names: Sequence[str] | None = None) -> Array:
        """Return what a function makes of the columns of a table; it looks at these alone, where names are given."""
        del names
        return function(self.columns)

    def table(self, target: str | None) -> Table:
        """Return inputs and targets that are numbers; see `nnc.data.read_table`."""
        return numeric_table(self.columns, target) if self.is_table else read_table(self.path, target)

    def inputs(self, without: str | None) -> Array:
        """Return inputs without targets; see `nnc.data.read_inputs`."""
        return numeric_inputs(self.columns, without) if self.is_table else read_inputs(self.path, without)

    def arrays(self) -> Mapping[str, Array]:
        """Return arrays by name; see `nnc.data.read_arrays`."""
        return read_arrays(self.path)

    def stored(self) -> Mapping[str, Array]:
        """Return arrays by name, which may be texts; see `nnc.data.npz_table.stored_arrays`."""
        return stored_arrays(self.path)


class FilesByRows:
    """Files of which rows are read when they are asked for, part behind part; its methods are those of `WholeFile`.

    Args:
        path: a file, a folder or a pattern.
        cache_bytes: bytes of parts that are kept in memory.

    Raises:
        DataError: there is no such file, or they are not of one kind that can be read by rows.
    """

    def __init__(self, path: Path, cache_bytes: int) -> None:
        self.path = path
        _, self.paths = files_of(path)
        kinds = {file.suffix.lower() for file in self.paths}
        if len(kinds) > 1 or not kinds <= set(SUFFIXES):
            other = next(file for file in self.paths if file.suffix.lower() not in SUFFIXES or len(kinds) > 1)
            raise DataError(f"{other}: parts of a table are all *.npy, all *.npz or all *.parquet")
        self.kind = kinds.pop()
        self._cache = PartCache(cache_bytes)

    @property
    def is_table(self) -> bool:
        """Whether they hold a table of columns."""
        return self.kind == ".parquet"

    @cached_property
    def parquet(self) -> ParquetRows:
        """The table in Parquet files."""
        return ParquetRows(str(self.path), self.paths, self._cache)

    @cached_property
    def archive(self) -> ArchiveRows:
        """The arrays in ``.npz`` files.

        Raises:
            DataError: they are of another kind.
        """
        if self.kind != ".npz":
            raise DataError(f"{self.path}: expected files named *.npz, which hold several arrays by name")
        return ArchiveRows(self.paths, self._cache)

    @property
    def columns(self) -> Columns:
        """The columns of a table, each of which is read when it is asked for."""
        return self.parquet.columns

    def computed(self, function: Callable[[Columns], Array], names: Sequence[str] | None = None) -> RowArray:
        """Return what a function makes of the columns of a table, by rows."""
        return self.parquet.computed(function, names)

    def table(self, target: str | None) -> Table:
        """Return inputs and targets that are numbers; the targets are read once, to see what they are."""
        if self.is_table:
            columns = self.columns
            column = target_column(columns, target)
            name = columns.names[column]
            classes = known_targets(columns, column)[1]
            y: Any = self.computed(lambda rows: _encoded(known_targets(rows, column), classes), [name])
            return Table(self.inputs(name), y, classes, tuple(other for other in columns.names if other != name), name)
        x_key, y_key = npz_keys(self.path, self.archive.keys, target)
        x, y = numbers(self.archive.array(x_key), self.path, x_key), self.archive.array(y_key)
        self._check_rows({x_key: x, y_key: y})
        if y.dtype.kind != "U":
            return Table(x, numbers(y, self.path, y_key), target=y_key)
        place = f"{self.path}, array '{y_key}'"
        parts = [numpy.unique(texts_in(rows, place)) for _, rows in y.blocks(range(len(y)))]
        _, classes = class_indices(numpy.concatenate(parts))
        known = numpy.array(classes)
        indices: Any = y.computed(lambda rows: numpy.searchsorted(known, rows))
        return Table(x, indices, classes, target=y_key)

    def inputs(self, without: str | None) -> Array:
        """Return inputs without targets."""
        if self.is_table:
            columns = self.columns
            left_out = None if without is None else columns.names[target_column(columns, without)]
            names = [name for name in columns.names if name != left_out]
            return self.computed(partial(numeric_inputs, without=left_out), names)
        if self.kind == ".npy":
            return numbers(npy_rows(self.paths, self._cache), self.path, None)
        key = npz_input_key(self.path, self.archive.keys)
        return numbers(self.archive.array(key), self.path, key)

    def arrays(self) -> Mapping[str, RowArray]:
        """Return arrays by name."""
        found = {key: numbers(self.archive.array(key), self.path, key) for key in self.archive.keys}
        if len(self.paths) > 1:
            self._check_rows(found)
        return found

    def _check_rows(self, arrays: Mapping[str, Any]) -> None:
        """Check that arrays have equally many rows in each file.

        Raises:
            DataError: they have not.
        """
        (first, array), *others = arrays.items()
        for key, other in others:
            for path, rows, own in zip(self.paths, array.source.lengths, other.source.lengths, strict=True):
                if rows != own:
                    raise DataError(f"{path}: expected as many rows in '{first}' as in '{key}', found {rows} and {own}")

    def stored(self) -> Mapping[str, Array]:
        """Texts are not read by rows.

        Raises:
            DataError: always.
        """
        raise DataError(
            f"{self.path}: texts are not read by rows, and so not from parts; give one file, to one process"
        )


def _encoded(found: tuple[Array, tuple[str, ...]], classes: tuple[str, ...]) -> Array:
    """Return targets of some rows: numbers, or indices of classes that are known of all rows."""
    y, own = found
    if not classes:
        return y
    index = {name: number for number, name in enumerate(classes)}
    return numpy.array([index[name] for name in own], "int64")[y]


def numbers(array: RowArray, path: Path, key: str | None) -> Array:
    """Return an array that holds numbers.

    Raises:
        DataError: it holds texts.
    """
    if array.dtype.kind == "U":
        place = path if key is None else f"{path}, array '{key}'"
        raise DataError(f"{place}: expected numbers, found elements of type {array.dtype}")
    return array


def rows_file(path: Path, encoding: str | None = None, by_rows: bool = False) -> WholeFile | FilesByRows:
    """Return a file, or the files of a folder or a pattern, as a training takes them.

    Args:
        path: a file, a folder or a pattern.
        encoding: of a text file.
        by_rows: whether to read rows when they are asked for, where a file is of a kind that allows it.
    """
    if is_several(path) or (by_rows and path.suffix.lower() in SUFFIXES and path.is_file()):
        return FilesByRows(path, row_parts.CACHE_BYTES)
    return WholeFile(path, encoding)


def open_rows(source: Any, *, cache_bytes: int = CACHE_BYTES) -> Any:
    """Open files whose rows are read when they are asked for, as arrays that `fit` and `evaluate` take.

    Elements of ``.npy`` files, and of ``.npz`` files that ``numpy.savez`` has written, are mapped where they lie. What
    is compressed, an array of ``numpy.savez_compressed`` or a row group of a Parquet file, is unpacked as a whole, and
    what was unpacked last is kept.

    Args:
        source: a file, a folder or a pattern such as ``parts/*.npz``, whose files are one table, in the order of the
            numbers in their names; all ``.npy``, all ``.npz`` or all ``.parquet``.
        cache_bytes: bytes of unpacked parts that are kept in memory; a single part may have more.

    Returns:
        For ``.npy`` an array; for ``.npz`` a dictionary of arrays by name; for Parquet a table, of which
        ``table["a"]`` is a column and ``table[["a", "b"]]`` an array of columns side by side.

    Raises:
        DataError: a file is missing or damaged, or its rows are not as those of the first.
    """
    files = FilesByRows(Path(source), cache_bytes)
    if files.is_table:
        return files.parquet
    return files.inputs(None) if files.kind == ".npy" else files.arrays()
