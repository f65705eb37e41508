"""Arrays of ``.npy`` and ``.npz`` files by their headers: mapped where they lie as they are, else unpacked."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy

from nnc.data.npz_table import READS_HEADER, has_characters_alone
from nnc.data.row_array import RowArray
from nnc.data.row_parts import PartCache, RowParts
from nnc.errors import DataError
from nnc.files import read_into

Array = Any
_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""The head of a file in a zip: its mark, and the lengths of name and extra field behind it."""
_MOST_PACKED = 1100
"""Bytes that deflate makes of one, at most."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, of which only the header has been read.

    Args:
        path: the file.
        key: name of the array in an archive, None where the file is the array.
        shape: its shape.
        dtype: its element type.
        order: ``C``, or ``F`` where the first index varies fastest.
        offset: where its elements begin: in the file, or in what is unpacked.
        is_packed: its elements are packed.
        stamp: bytes of the file, and when it was written.
    """

    path: Path
    key: str | None
    shape: tuple[int, ...]
    dtype: Any
    order: str
    offset: int
    is_packed: bool
    stamp: tuple[int, int]

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path) if self.key is None else f"{self.path}, array '{self.key}'"

    def open(self) -> Array:
        """Return the array: a window on the file, or what was packed there.

        Raises:
            DataError: the file is another one by now, or is damaged.
            OSError: it cannot be read.
        """
        check_stamp(self.path, self.stamp)
        if not self.is_packed:
            return numpy.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)  # type: ignore[call-overload]
        elements = numpy.empty(prod(self.shape), self.dtype)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.key}.npy") as stream:
                stream.read(self.offset)
                # Checksums are compared at the end of the file.
                if read_into(stream, elements.view(numpy.uint8).data) != elements.nbytes or stream.read(1):
                    raise ValueError("its length is not what its header says")
        except OSError:
            raise
        except Exception as error:  # a hostile file can make the reader raise anything
            raise DataError(f"{self.name}: expected an array of numbers, found damaged data: {error}") from error
        return elements.reshape(self.shape, order=self.order)  # type: ignore[call-overload]


def stamp_of(path: Path) -> tuple[int, int]:
    """Return by what a file is known: its bytes, and when it was written."""
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def check_stamp(path: Path, stamp: tuple[int, int]) -> None:
    """Check that a file is the one that was opened.

    Raises:
        DataError: it is another one by now.
        OSError: it cannot be read.
    """
    if stamp_of(path) != stamp:
        raise DataError(f"{path}: the file has changed since it was opened; leave files alone while they are read")


def npy_rows(paths: Sequence[Path], cache: PartCache) -> RowArray:
    """Return the array whose parts are files.

    Raises:
        DataError: one is not what it should be, or they do not fit each other.
    """
    return _joined([_read(path, _npy) for path in paths], cache)


class ArchiveRows:
    """The arrays of ``.npz`` files, each of which has a part of every array.

    Args:
        paths: the files.
        cache: keeps what is unpacked.

    Raises:
        DataError: the first one is no archive.
    """

    def __init__(self, paths: Sequence[Path], cache: PartCache) -> None:
        self.paths, self._cache = paths, cache
        self.keys: list[str] = _read(paths[0], _keys)
        if not self.keys:
            raise DataError(f"{paths[0]}: expected arrays, found none")

    def array(self, key: str) -> RowArray:
        """Return an array.

        Raises:
            DataError: a file lacks it, or is damaged, or the parts do not fit each other.
        """
        return _joined([_read(path, partial(_member, key=key)) for path in self.paths], self._cache)


def _joined(parts: Sequence[StoredArray], cache: PartCache) -> RowArray:
    first = parts[0]
    for part in parts:
        _check(part)
        same = part.dtype == first.dtype or part.dtype.kind == first.dtype.kind == "U"
        if not same or part.shape[1:] != first.shape[1:]:
            raise DataError(
                f"{part.name}: expected rows of shape {first.shape[1:]} and type {first.dtype}, as in {first.path},"
                f" found shape {part.shape[1:]} and type {part.dtype}"
            )
    dtype = max((part.dtype for part in parts), key=lambda dtype: int(dtype.itemsize))
    return RowArray(
        RowParts(
            [part.shape[0] for part in parts],
            first.shape[1:],
            dtype,
            lambda number: parts[number].open(),
            [part.name for part in parts],
            cache,
            any(part.is_packed for part in parts),
        )
    )


def _check(part: StoredArray) -> None:
    if part.dtype.hasobject:
        raise DataError(
            f"{part.name}: expected an array of numbers, found pickled Python objects, which are never loaded"
        )
    if part.dtype.kind not in "biufU":
        raise DataError(f"{part.name}: expected numbers, found elements of type {part.dtype}")
    if not part.shape or 0 in part.shape:
        raise DataError(f"{part.name}: expected at least one row, found shape {part.shape}")


def texts_in(rows: Array, name: str) -> Array:
    """Return texts that were read, once all of their characters are known to exist.

    Raises:
        DataError: a number stands for no character.
    """
    if not has_characters_alone(rows):
        raise DataError(f"{name}: expected texts, found numbers that stand for no character")
    return rows


# ---------------------------------------------------------------------- headers


def _read(path: Path, read: Any) -> Any:
    try:
        with path.open("rb") as stream:
            return read(path, stream)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a hostile file can make the reader raise anything
        kind = path.suffix.lower()
        expected = "a .npz archive" if kind == ".npz" else f"an array of numbers ({kind})"
        raise DataError(f"{path}: expected {expected}, found damaged data: {error}") from error


def _header(stream: Any) -> tuple[tuple[int, ...], Any, str, int]:
    """Return shape, element type and order of the array that begins here, and the bytes of its header."""
    version = numpy.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"arrays of version {version[0]}.{version[1]} hold no numbers")
    read: Any = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
    with READS_HEADER:
        shape, is_fortran, dtype = read(stream)
    if any(dim < 0 for dim in shape):
        raise ValueError(f"the shape is {shape}")
    return shape, dtype, "F" if is_fortran else "C", stream.tell()


def _npy(path: Path, stream: BinaryIO) -> StoredArray:
    shape, dtype, order, begin = _header(stream)
    size = os.fstat(stream.fileno()).st_size
    expected = prod(shape) * dtype.itemsize
    if not dtype.hasobject and size - begin < expected:
        raise ValueError(f"its header says {expected:,} bytes, and there are {size - begin:,}")
    return StoredArray(path, None, shape, dtype, order, begin, False, stamp_of(path))


def _keys(path: Path, stream: BinaryIO) -> list[str]:
    with _archive(path, stream) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def _archive(path: Path, stream: BinaryIO) -> zipfile.ZipFile:
    head = stream.read(6)
    if head[:2] != b"PK":
        found = "an empty file" if not head else "a single array (.npy)" if head == b"\x93NUMPY" else "other data"
        raise DataError(f"{path}: expected a .npz archive, found {found}")
    stream.seek(0)
    return zipfile.ZipFile(stream)


def _member(path: Path, stream: BinaryIO, key: str) -> StoredArray:
    with _archive(path, stream) as archive:
        if f"{key}.npy" not in archive.namelist():
            names = ", ".join(f"'{name.removesuffix('.npy')}'" for name in archive.namelist()) or "none"
            raise DataError(f"{path}: expected an array '{key}', found {names}")
        info = archive.getinfo(f"{key}.npy")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"'{key}' is packed in a way that numpy.savez and savez_compressed do not use")
        with archive.open(info) as packed:
            shape, dtype, order, length = _header(packed)
    is_packed = info.compress_type == zipfile.ZIP_DEFLATED
    expected = length + prod(shape) * dtype.itemsize
    most = info.compress_size * _MOST_PACKED if is_packed else info.compress_size
    begin = 0 if is_packed else _begin(stream, info.header_offset)
    end = os.fstat(stream.fileno()).st_size
    if not dtype.hasobject and (
        expected != info.file_size or expected > most or (not is_packed and begin + expected > end)
    ):
        raise ValueError(f"the header of '{key}' says {expected:,} bytes, which are not there")
    return StoredArray(path, key, shape, dtype, order, begin + length, is_packed, stamp_of(path))


def _begin(stream: BinaryIO, header: int) -> int:
    """Return where a file begins that stands in a zip as it is."""
    stream.seek(header)
    mark, name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    if mark != b"PK\x03\x04":
        raise ValueError("a file of it is not where it should be")
    return header + _LOCAL_HEADER.size + int(name) + int(extra)
