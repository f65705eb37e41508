"""Tables in .npz files."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy

from nnc.data.table import Array, Table, class_indices
from nnc.errors import DataError

READS_HEADER = threading.Lock()
"""Held while NumPy reads an array's header, which Python parses for it.

Before Python 3.13 two threads that parse at a time can make each other fail (python/cpython#106905).
"""


def read_npz(path: Path, target: str | int | None) -> Table:
    """Read a table; see `nnc.data.read_table`.

    Raises:
        DataError: the archive or an array in it is not what it should be.
    """
    with path.open("rb") as stream:
        archive = _open_npz(path, stream)
        x_key, y_key = npz_keys(path, list(archive.files), target)
        x, y = (_npz_array(path, archive, key) for key in (x_key, y_key))
    classes: tuple[str, ...] = ()
    if y.dtype.kind == "U":
        flat, classes = class_indices(y.reshape(-1))
        y = flat.reshape(y.shape)
    for key, values in ((x_key, x), (y_key, y)):
        _check_numbers(f"{path}, array '{key}'", values)
    if len(x) != len(y):
        raise DataError(f"{path}: expected as many rows in '{x_key}' as in '{y_key}', found {len(x)} and {len(y)}")
    return Table(x, y, classes, target=y_key)


def read_npz_inputs(path: Path) -> Array:
    """Read inputs alone, the array ``x`` or ``X``, or the only one there is; see `nnc.data.read_inputs`.

    Raises:
        DataError: the archive or the array is not what it should be.
    """
    with path.open("rb") as stream:
        archive = _open_npz(path, stream)
        key = npz_input_key(path, list(archive.files))
        x = _npz_array(path, archive, key)
    _check_numbers(f"{path}, array '{key}'", x)
    return x


def read_npz_arrays(path: Path) -> dict[str, Array]:
    """Read every array of an archive by its key; see `nnc.data.read_arrays`.

    Raises:
        DataError: the archive or an array in it is not what it should be.
    """
    arrays = stored_arrays(path)
    for key, values in arrays.items():
        _check_numbers(f"{path}, array '{key}'", values)
    return arrays


def stored_arrays(path: Path) -> dict[str, Array]:
    """Read every array of an archive by its key, of any shape and with any numbers in it.

    Raises:
        DataError: the archive is none, or is damaged.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        archive = _open_npz(path, stream)
        return {key: _npz_array(path, archive, key) for key in archive.files}


def read_npy_inputs(path: Path) -> Array:
    """Read inputs alone, from a file with one array; see `nnc.data.read_inputs`.

    Raises:
        DataError: the file or the array is not what it should be.
    """
    try:
        with READS_HEADER:
            x = numpy.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # a hostile file can make the reader raise anything
        raise DataError(f"{path}: expected an array of numbers (.npy), found {error}") from error
    _check_numbers(str(path), x)
    return numpy.array(x)


def _open_npz(path: Path, stream: BinaryIO) -> Any:
    head = stream.read(6)
    if head[:2] != b"PK":
        found = "an empty file" if not head else "a single array (.npy)" if head == b"\x93NUMPY" else "other data"
        raise DataError(f"{path}: expected a .npz archive, found {found}")
    stream.seek(0)
    try:
        archive = numpy.load(stream, allow_pickle=False)
        list(archive.files)
    except Exception as error:  # a hostile file can make the reader raise anything
        raise DataError(f"{path}: expected a .npz archive, found damaged data: {error}") from error
    return archive


def npz_input_key(path: Path, keys: Sequence[str]) -> str:
    """Return the name of the array of inputs among others.

    Raises:
        DataError: there is none.
    """
    key = next((key for key in ("x", "X") if key in keys), keys[0] if len(keys) == 1 else None)
    if key is None:
        found = ", ".join(f"'{name}'" for name in keys) or "none"
        raise DataError(f"{path}: expected inputs under the key 'x' or 'X', found keys {found}")
    return key


def npz_keys(path: Path, keys: Sequence[str], target: str | int | None) -> tuple[str, str]:
    """Return the names of the arrays of inputs and of targets among others.

    Raises:
        DataError: one of them is missing.
    """
    wanted = ("y", "Y") if target is None else (str(target),)
    y_key = next((key for key in wanted if key in keys), None)
    x_key = next((key for key in ("x", "X") if key in keys and key != y_key), None)
    others = [key for key in keys if key != y_key]
    if x_key is None and target is not None and len(others) == 1:
        x_key = others[0]
    for kind, key, names in (("targets", y_key, wanted), ("inputs", x_key, ("x", "X"))):
        if key is None:
            expected = " or ".join(f"'{name}'" for name in names)
            found = ", ".join(f"'{name}'" for name in keys) or "none"
            raise DataError(f"{path}: expected {kind} under the key {expected}, found keys {found}")
    return str(x_key), str(y_key)


def _npz_array(path: Path, archive: Any, key: str) -> Array:
    try:
        with READS_HEADER:
            values = archive[key]
    except Exception as error:  # a hostile file can make the reader raise anything
        found = f"damaged data: {error}"
        if "allow_pickle" in str(error):
            found = "pickled Python objects, which are never loaded"
        raise DataError(f"{path}, array '{key}': expected an array of numbers, found {found}") from error
    if not isinstance(values, numpy.ndarray):
        raise DataError(f"{path}, array '{key}': expected an array of numbers, found a file of another kind")
    if values.dtype.kind == "U" and not has_characters_alone(values):
        raise DataError(f"{path}, array '{key}': expected texts, found numbers that stand for no character")
    return values


def has_characters_alone(texts: Array) -> bool:
    """Whether all code points of an array exist; NumPy makes no text of others."""
    codes = numpy.frombuffer(texts.tobytes(), f"{texts.dtype.str[0]}u4")
    return bool((codes <= sys.maxunicode).all())


def _check_numbers(place: str, values: Array) -> None:
    if values.dtype.kind not in "biuf":
        raise DataError(f"{place}: expected numbers, found elements of type {values.dtype}")
    if values.ndim < 1 or not len(values):
        raise DataError(f"{place}: expected at least one row, found shape {values.shape}")
    if values.dtype.kind == "f" and not numpy.isfinite(values).all():
        position = numpy.argwhere(~numpy.isfinite(values))[0].tolist()
        found = values[tuple(position)]
        raise DataError(f"{place}, position {position}: expected a finite number, found {found}")
