"""Tables in files: reading them with exact errors, writing them atomically."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import ArrayLike

from nnc.data import arrow_file, text_file
from nnc.data.columns import Columns
from nnc.data.csv_table import csv_text, named_columns, numeric_inputs, numeric_table
from nnc.data.npz_table import read_npy_inputs, read_npz, read_npz_arrays, read_npz_inputs
from nnc.data.table import Array, Table
from nnc.errors import DataError
from nnc.files import write_atomically

WRITTEN = (".csv", ".npy", ".npz", *arrow_file.SUFFIXES)
"""Suffixes of files that predictions are written to."""


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a file holds a table of columns, by its name."""
    file = Path(path)
    suffixes = [suffix.lower() for suffix in file.suffixes[-2:]]
    if suffixes and suffixes[-1] in text_file.COMPRESSED:
        return len(suffixes) == 2 and suffixes[0] in text_file.SUFFIXES
    return suffixes[-1:] != [] and suffixes[-1] in (*text_file.SUFFIXES, *arrow_file.SUFFIXES)


def is_text(path: str | os.PathLike[str]) -> bool:
    """Whether a file holds a table as text, by its name."""
    return is_table(path) and Path(path).suffix.lower() not in arrow_file.SUFFIXES


def is_compressed(path: str | os.PathLike[str]) -> bool:
    """Whether a file holds a table as compressed text, by its name."""
    return is_text(path) and Path(path).suffix.lower() in text_file.COMPRESSED


def read_columns(path: str | os.PathLike[str], encoding: str | None = None) -> Columns:
    """Read a table whose columns may hold texts and missing cells.

    Text files (``.csv``, ``.tsv``, also compressed: ``.csv.gz``, ``.bz2``, ``.xz``) have one row per line,
    with commas, semicolons, tabs or bars between cells; the first line is a header if no cell of it is a number.
    Where no comma divides cells, it may stand before decimals. ``.parquet`` and ``.feather`` files need pyarrow.

    Args:
        path: the file.
        encoding: that of a text file, by default UTF-8, or UTF-16 where the file begins with its mark.

    Raises:
        DataError: the file cannot be read or is damaged; the message names file and line.
    """
    source = Path(path)
    if not is_table(source):
        known = ", ".join(f"*{suffix}" for suffix in (*text_file.SUFFIXES, *arrow_file.SUFFIXES))
        raise DataError(f"{source}: expected a file named {known}")
    try:
        if source.suffix.lower() in arrow_file.SUFFIXES:
            return arrow_file.read_arrow_file(source)
        return text_file.read_text_file(source, encoding)
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error


def read_table(path: str | os.PathLike[str], target: str | int | None = None, encoding: str | None = None) -> Table:
    """Read inputs and targets that are numbers.

    A ``.npz`` file has the inputs under ``x`` or ``X`` and the targets under ``y`` or ``Y``. Other files are as of
    `read_columns`; their inputs are float64 of shape (rows, columns), their targets float64 of shape (rows, 1), or
    int64 where they are class names.

    Args:
        path: the file.
        target: for ``.npz`` the key of the targets, otherwise the name of the target column or its index, from 0,
            negative from the end. By default ``y`` or ``Y``, and the last column.
        encoding: of a text file; see `read_columns`.

    Returns:
        Inputs and targets; ``x, y = read_table(path)`` takes them apart, and `Table.classes` has the class names.

    Raises:
        DataError: the file cannot be read, is damaged, holds objects instead of numbers, or a number is missing or not
            finite; the message names file, line and column, what was expected and what was found, and counts
            lines and columns from 1.
    """
    source = Path(path)
    if is_table(source):
        return numeric_table(read_columns(source, encoding), target)
    if source.suffix.lower() != ".npz":
        raise DataError(f"{source}: expected a file named *.csv or *.npz")
    try:
        return read_npz(source, target)
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error


def read_inputs(path: str | os.PathLike[str], without: str | int | None = None, encoding: str | None = None) -> Array:
    """Read inputs without targets.

    A ``.npy`` file has one array, a ``.npz`` file the inputs under ``x`` or ``X`` or nothing else; other files are
    as of `read_table`, and all their columns are inputs.

    Args:
        path: the file.
        without: name or index of a column that is left out, such as that of the targets.
        encoding: of a text file; see `read_columns`.

    Returns:
        Numbers, shape (rows, …).

    Raises:
        DataError: as of `read_table`.
    """
    source = Path(path)
    if is_table(source):
        return numeric_inputs(read_columns(source, encoding), without)
    try:
        match source.suffix.lower():
            case ".npz":
                return read_npz_inputs(source)
            case ".npy":
                return read_npy_inputs(source)
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error
    raise DataError(f"{source}: expected a file named *.csv, *.npz or *.npy")


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read all arrays of a ``.npz`` file by their keys, for models with several inputs or outputs.

    Args:
        path: the file.

    Raises:
        DataError: as of `read_table`.
    """
    source = Path(path)
    if source.suffix.lower() != ".npz":
        raise DataError(f"{source}: expected a file named *.npz, which holds several arrays by name")
    try:
        return read_npz_arrays(source)
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, ArrayLike]) -> None:
    """Write several arrays by name to a ``.npz`` file, which appears under its name only when it is complete.

    Args:
        path: the file; its folder must exist.
        arrays: by the keys they get.

    Raises:
        DataError: the file has another ending, or cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() != ".npz":
        raise DataError(f"{file}: several arrays ({', '.join(arrays)}) need a file named *.npz")
    stream = BytesIO()
    found: dict[str, Any] = {key: numpy.asarray(array) for key, array in arrays.items()}
    numpy.savez(stream, **found)
    _write(file, stream)


def write_table(path: str | os.PathLike[str], y: ArrayLike, names: Sequence[str] = ()) -> None:
    """Write predictions: ``.npz`` (key ``y``), ``.npy``, or a table of at most two axes.

    A table is ``.csv`` with a header, or ``.parquet`` or ``.feather``, which need pyarrow.

    The file appears under its name only when it is complete, so that an interrupted run leaves what was there before.

    Args:
        path: the file; its folder must exist.
        y: numbers or names, shape (rows, …).
        names: of the columns of a table; by default ``y``, or ``y0,y1,…`` for several.

    Raises:
        DataError: the array does not fit the format, or the file cannot be written.
    """
    file = Path(path)
    values = numpy.asarray(y)
    suffix = file.suffix.lower()
    if suffix not in WRITTEN:
        raise DataError(f"{file}: expected a file named *.csv, *.npz, *.npy, *.parquet or *.feather")
    if values.dtype.kind not in "biufU":
        raise DataError(f"{file}: expected numbers or names to write, found elements of type {values.dtype}")
    stream = BytesIO()
    if suffix == ".csv":
        stream.write(csv_text(file, values, names).encode())
    elif suffix in arrow_file.SUFFIXES:
        arrow_file.write_arrow_file(file, stream, *named_columns(file, values, names))
    elif suffix == ".npy":
        numpy.save(stream, values, allow_pickle=False)
    else:
        numpy.savez(stream, y=values)
    _write(file, stream)


def _write(file: Path, stream: BytesIO) -> None:
    try:
        write_atomically(file, stream.getbuffer())
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from error
