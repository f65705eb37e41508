"""Tables in Parquet files, read by their row groups with pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from nnc.data.array_files import check_stamp, stamp_of
from nnc.data.arrow_file import array_of_arrow, pyarrow_for
from nnc.data.columns import TEXT, Columns
from nnc.data.row_array import RowArray
from nnc.data.row_parts import PartCache, RowParts
from nnc.errors import DataError

Array = Any


@dataclass(frozen=True)
class RowGroup:
    """Rows of a file that lie together.

    Args:
        path: the file.
        number: which group of the file it is.
        rows: how many rows it has.
        first: number of its first row in the file.
        metadata: what pyarrow knows of the file.
        stamp: see `nnc.data.array_files.stamp_of`.
    """

    path: Path
    number: int
    rows: int
    first: int
    metadata: Any
    stamp: tuple[int, int]

    def table(self, names: Sequence[str]) -> Any:
        """Return columns of it, as a table of pyarrow.

        Raises:
            DataError: the file is another one by now, or is damaged.
            OSError: it cannot be read.
        """
        pyarrow = pyarrow_for(self.path, "read")
        check_stamp(self.path, self.stamp)
        with self.path.open("rb") as stream:
            try:
                file = pyarrow.parquet.ParquetFile(stream, metadata=self.metadata)
                return file.read_row_group(self.number, columns=list(names), use_threads=False)
            except (pyarrow.ArrowException, ValueError, OSError) as error:
                raise DataError(f"{self.path}: expected a .parquet file, found damaged data: {error}") from error


class ParquetRows:
    """A table whose parts are Parquet files; ``table["a"]`` and ``table[["a", "b"]]`` are arrays that read rows.

    Args:
        source: what messages call the table.
        paths: the files.
        cache: keeps row groups that were read.

    Raises:
        DataError: pyarrow is not installed, or a file is damaged, has no rows, or has other columns than the first.
    """

    def __init__(self, source: str, paths: Sequence[Path], cache: PartCache) -> None:
        self.source, self._cache = source, cache
        self._gaps: dict[str, bool] = {}
        self.groups: list[RowGroup] = []
        schemas = [self._add(path) for path in paths]
        for path, schema in zip(paths, schemas, strict=True):
            if schema != schemas[0]:
                raise DataError(
                    f"{path}: expected the columns of {paths[0]}, {_listed(schemas[0])}; found {_listed(schema)}"
                )
        self.names: tuple[str, ...] = tuple(name for name, _ in schemas[0])
        self._types = dict(schemas[0])
        for name in self.names:
            if self.names.count(name) > 1:
                raise DataError(f"{source}: {self.names.count(name)} columns are named '{name}'; rename one")

    def _add(self, path: Path) -> list[tuple[str, Any]]:
        pyarrow = pyarrow_for(path, "read")
        try:
            stamp = stamp_of(path)
            with path.open("rb") as stream:
                file = pyarrow.parquet.ParquetFile(stream)
                metadata, schema = file.metadata, file.schema_arrow
        except (pyarrow.ArrowException, ValueError) as error:
            raise DataError(f"{path}: expected a .parquet file, found damaged data: {error}") from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        if not metadata.num_rows or not metadata.num_columns:
            raise DataError(f"{path}: expected at least one row, found none")
        first = 0
        for number in range(metadata.num_row_groups):
            rows = metadata.row_group(number).num_rows
            if rows:
                self.groups.append(RowGroup(path, number, rows, first, metadata, stamp))
            first += rows
        return [(field.name, field.type) for field in schema]

    def __len__(self) -> int:
        return sum(group.rows for group in self.groups)

    def __getitem__(self, names: str | list[str]) -> RowArray:
        """Return a column, shape (rows), or some side by side, shape (rows, columns).

        Raises:
            DataError: there is no such column, or it does not hold numbers.
        """
        if not isinstance(names, str | list):
            raise DataError(
                f"{self.source}: rows of a table are taken by names of columns, table['a'] or table[['a', 'b']], got"
                f" {names!r:.80}"
            )
        wanted = [names] if isinstance(names, str) else names
        for name in wanted:
            if name not in self.names:
                raise DataError(f"{self.source}: expected a column '{name}', found columns {', '.join(self.names)}")
            if not self._is_number(self._types[name]):
                raise DataError(f"{self.source}, column '{name}': expected numbers, found {self._types[name]}")

        def numbers(columns: Columns) -> Array:
            found = [columns.arrays[columns.find(name)] for name in wanted]
            return found[0] if isinstance(names, str) else numpy.column_stack(found)

        return self.computed(numbers, wanted)

    @property
    def columns(self) -> Columns:
        """The columns, each of which is read as a whole when it is asked for."""
        arrays: Any = _ColumnsOnDemand(self)
        return _SomeColumns(self.names, arrays, self.source, rows=len(self))

    def column(self, name: str) -> Array:
        """Read a column."""
        place = self.names.index(name)
        return numpy.concatenate([self._columns(group, [name]).arrays[place] for group in self.groups])

    def computed(self, function: Callable[[Columns], Array], names: Sequence[str] | None = None) -> RowArray:
        """Return what a function makes of columns, row by row.

        Args:
            function: takes columns of some of the rows, and returns an array with as many rows.
            names: those that it looks at; all by default.
        """
        wanted = self.names if names is None else names

        def of_group(number: int) -> Array:
            return function(self._columns(self.groups[number], wanted))

        first = of_group(0)
        lengths = [group.rows for group in self.groups]
        paths = [str(group.path) for group in self.groups]
        return RowArray(RowParts(lengths, first.shape[1:], first.dtype, of_group, paths, self._cache, True))

    def _columns(self, group: RowGroup, names: Sequence[str]) -> Columns:
        try:
            table = group.table(names)
        except OSError as error:
            raise DataError(f"{group.path}: cannot be read: {error.strerror or error}") from error
        if table.num_rows != group.rows:
            raise DataError(f"{group.path}: expected {group.rows:,} rows in a group, found {table.num_rows:,}")
        source = str(group.path)
        arrays: Any = tuple(
            self._typed(array_of_arrow(table[name], name, source), name) if name in names else None
            for name in self.names
        )
        return _SomeColumns(self.names, arrays, source, first_row=group.first, rows=group.rows)

    def _typed(self, array: Array, name: str) -> Array:
        """Return a column of a group with the element type that it would have as one of the whole table."""
        type = self._types[name]
        if self._is_number(type):
            return array.astype("float64") if array.dtype.kind in "iu" and self._has_gaps(name) else array
        if array.dtype.kind == "f" and numpy.isnan(array).all():  # a group of texts, all of which are missing
            return numpy.array([""] * len(array), TEXT)
        return array

    def _is_number(self, type: Any) -> bool:
        from pyarrow import types

        if types.is_dictionary(type):
            type = type.value_type
        return bool(types.is_integer(type) or types.is_floating(type))

    def _has_gaps(self, name: str) -> bool:
        """Whether a cell of a column is missing, which makes whole numbers floating ones."""
        known = self._gaps.get(name)
        if known is None:
            known = self._gaps[name] = any(self._gaps_of(group, name) for group in self.groups)
        return known

    def _gaps_of(self, group: RowGroup, name: str) -> int:
        row_group = group.metadata.row_group(group.number)
        places = (row_group.column(index) for index in range(row_group.num_columns))
        found = next((place for place in places if place.path_in_schema == name), None)
        statistics = None if found is None else found.statistics
        if statistics is not None and statistics.has_null_count:
            return int(statistics.null_count)
        return int(group.table([name])[name].null_count)


@dataclass(frozen=True, eq=False)
class _SomeColumns(Columns):
    """Columns of a table of which not all have been read.

    Args:
        rows: the number.
    """

    rows: int = 0

    def __len__(self) -> int:
        return self.rows


class _ColumnsOnDemand:
    """The columns of a table as a sequence, of which the last one that was read is kept."""

    def __init__(self, table: ParquetRows) -> None:
        self.table = table
        self._kept: tuple[int, Array] = (-1, None)

    def __len__(self) -> int:
        return len(self.table.names)

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Array:
        if self._kept[0] != index:
            self._kept = index, self.table.column(self.table.names[index])
        return self._kept[1]


def _listed(schema: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} ({type})" for name, type in schema)
