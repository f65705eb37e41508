"""Tables of numbers in files: reading them with exact errors, writing them atomically."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import ArrayLike

from nnc.data.csv_table import csv_text, read_csv, read_csv_inputs
from nnc.data.npz_table import read_npy_inputs, read_npz, read_npz_arrays, read_npz_inputs
from nnc.data.table import Array, Table
from nnc.errors import DataError
from nnc.files import write_atomically


def read_table(path: str | os.PathLike[str], target: str | int | None = None) -> Table:
    """Read inputs and targets.

    A ``.npz`` file has the inputs under ``x`` or ``X`` and the targets under ``y`` or ``Y``. A ``.csv`` file (UTF-8,
    commas) has one sample per line; its first line is a header if no cell of it is a number. Its inputs are float64
    of shape (rows, columns), its targets float64 of shape (rows, 1), or int64 where they are class names.

    Args:
        path: the file.
        target: for ``.npz`` the key of the targets; for ``.csv`` the name of the target column or its index, from 0,
            negative from the end. By default ``y`` or ``Y``, and the last column.

    Returns:
        Inputs and targets; ``x, y = read_table(path)`` takes them apart, and `Table.classes` has the class names.

    Raises:
        DataError: the file cannot be read, is damaged, holds objects instead of numbers, or a number is missing or not
            finite; the message names file, line and column, what was expected and what was found, and counts
            lines and columns from 1.
    """
    source = Path(path)
    readers = {".csv": read_csv, ".npz": read_npz}
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise DataError(f"{source}: expected a file named *.csv or *.npz")
    try:
        return reader(source, target)
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error


def read_inputs(path: str | os.PathLike[str], without: str | int | None = None) -> Array:
    """Read inputs without targets.

    A ``.npy`` file has one array, a ``.npz`` file the inputs under ``x`` or ``X`` or nothing else; a ``.csv`` file is
    as of `read_table`, and all its columns are inputs.

    Args:
        path: the file.
        without: name or index of a column of a ``.csv`` file that is left out, such as that of the targets.

    Returns:
        Numbers, shape (rows, …).

    Raises:
        DataError: as of `read_table`.
    """
    source = Path(path)
    try:
        match source.suffix.lower():
            case ".csv":
                return read_csv_inputs(source, without)
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


def write_table(path: str | os.PathLike[str], y: ArrayLike) -> None:
    """Write predictions: ``.npz`` (key ``y``), ``.npy``, or ``.csv`` with a header (at most two axes).

    The file appears under its name only when it is complete, so that an interrupted run leaves what was there before.

    Args:
        path: the file; its folder must exist.
        y: numbers or names, shape (rows, …).

    Raises:
        DataError: the array does not fit the format, or the file cannot be written.
    """
    file = Path(path)
    values = numpy.asarray(y)
    suffix = file.suffix.lower()
    if suffix not in (".csv", ".npz", ".npy"):
        raise DataError(f"{file}: expected a file named *.csv, *.npz or *.npy")
    if values.dtype.kind not in "biufU":
        raise DataError(f"{file}: expected numbers or names to write, found elements of type {values.dtype}")
    stream = BytesIO()
    if suffix == ".csv":
        stream.write(csv_text(file, values).encode())
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
