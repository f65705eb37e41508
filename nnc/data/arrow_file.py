"""Reads tables from Parquet and Feather files, and writes them, with pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnc.data.cells import column_of
from nnc.data.columns import Columns
from nnc.errors import DataError
from nnc.installation import install_command
from nnc.texts import printable

SUFFIXES = (".parquet", ".feather")


def read_arrow_file(path: Path) -> Columns:
    """Read a table whose columns have types.

    Args:
        path: the file.

    Raises:
        DataError: pyarrow is not installed, the file is damaged, has no rows, or a column holds lists or the like.
        OSError: it cannot be read.
    """
    pyarrow = pyarrow_for(path, "read")
    feather, parquet = pyarrow.feather, pyarrow.parquet
    with path.open("rb") as stream:
        try:
            table = parquet.read_table(stream) if path.suffix.lower() == ".parquet" else feather.read_table(stream)
        except (pyarrow.ArrowException, ValueError, OSError) as error:
            raise DataError(f"{path}: expected a {path.suffix} file, found damaged data: {error}") from error
    return columns_of_arrow(table, str(path))


def write_arrow_file(path: Path, stream: Any, names: Sequence[str], values: Any) -> None:
    """Write a table, with the same bytes for the same cells.

    Args:
        path: name of the file, which says of which kind it is.
        stream: gets the bytes.
        names: of the columns.
        values: numbers or names, shape (rows, columns).

    Raises:
        DataError: pyarrow is not installed, or two columns have one name.
    """
    pyarrow = pyarrow_for(path, "written")
    if len(set(names)) < len(names):
        raise DataError(f"{path}: two columns have one name among {', '.join(map(repr, names))}; write .csv or .npz")
    # Columns lie apart in an array by rows; pyarrow takes them where they lie together.
    table = pyarrow.table({name: _together(values[:, index]) for index, name in enumerate(names)})
    if path.suffix.lower() == ".parquet":
        pyarrow.parquet.write_table(table, stream)
    else:
        pyarrow.feather.write_feather(table, stream)


def _together(column: Any) -> Any:
    import numpy

    return numpy.ascontiguousarray(column)


def pyarrow_for(path: Path, what: str) -> Any:
    """Return pyarrow with the modules for files.

    Raises:
        DataError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.feather
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(
            f"{path}: {path.suffix} files are {what} with pyarrow; run: {install_command('parquet')}"
        ) from error
    return pyarrow


def columns_of_arrow(table: Any, source: str) -> Columns:
    """Return the columns of a table of pyarrow.

    Raises:
        DataError: it has no rows, or a column holds lists or the like.
    """
    names = tuple(map(str, table.column_names))
    arrays = tuple(array_of_arrow(column, name, source) for name, column in zip(names, table.columns, strict=True))
    if not arrays or not len(arrays[0]):
        raise DataError(f"{source}: expected at least one row, found none")
    return Columns(names, arrays, source)


def array_of_arrow(column: Any, name: str, source: str) -> Any:
    """Return a column of a table of pyarrow as texts or numbers; see `nnc.data.cells.column_of`.

    Raises:
        DataError: it holds lists or the like, or texts that are none.
    """
    import pyarrow

    try:
        array = _array(column)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{source}, column '{name}': found damaged data: {printable(str(error))}") from error
    return column_of(array, name, source)


def _array(column: Any) -> Any:
    """Return a column as an array: of objects where cells are missing, so that whole numbers stay such."""
    import numpy

    if column.null_count == 0:
        return column.to_numpy()
    cells = numpy.empty(len(column), object)
    cells[:] = column.to_pylist()
    return cells
