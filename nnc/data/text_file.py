"""Reads tables from text files: comma-separated values and their relatives, compressed or not."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import lzma
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy

from nnc.data.columns import TEXT, Columns
from nnc.errors import DataError

SUFFIXES = (".csv", ".tsv")
"""Suffixes of text files with tables; each may be followed by one of `COMPRESSED`."""
COMPRESSED: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""Suffixes of compressed files, and the functions that open them."""
SEPARATORS = ("\t", ";", "|", ",")
"""Separators of cells; the first that divides all of the first lines alike is taken."""
_LOOKED_AT = 50
_CHUNK = 4096
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text_file(path: Path, encoding: str | None = None) -> Columns:
    """Read a table, one row per line; the first line is a header if no cell of it is a number.

    Args:
        path: the file.
        encoding: its encoding; by default UTF-8, or UTF-16 where the file begins with its mark.

    Raises:
        DataError: it is not text, or a line is not what it should be; the message has file and line.
        OSError: it cannot be read.
    """
    with _opened(path, encoding) as stream:
        separator = _separator(path, stream)
        stream.seek(0)
        reader = csv.reader(stream, delimiter=separator, strict=True, skipinitialspace=True)
        rows = _rows(path, reader, encoding)
        _, first = next(rows, (0, []))
        if not first:
            raise DataError(f"{path}: expected at least one line of data, found none")
        decimal = "," if separator != "," else "."
        plain = Columns((), (), decimal=decimal)
        has_names = all(plain.number(cell) is None for cell in first)
        lines, arrays = _read(path, rows, len(first), None if has_names else first)
    if not len(lines):
        raise DataError(f"{path}: expected at least one line of data, found a header")
    names = tuple(first) if has_names else tuple(f"column {number}" for number in range(1, len(first) + 1))
    return Columns(names, arrays, str(path), lines, has_names, decimal)


def _read(
    path: Path, rows: Iterator[tuple[int, list[str]]], width: int, first: Sequence[str] | None
) -> tuple[numpy.ndarray, tuple[numpy.ndarray, ...]]:
    """Return the line of each row, and the columns."""
    lines: list[int] = [] if first is None else [1]
    chunks: list[list[numpy.ndarray]] = [[] for _ in range(width)]
    cells = [] if first is None else [list(first)]
    while True:
        for line, row in islice(rows, _CHUNK):
            if len(row) != width:
                raise DataError(f"{path}, line {line}: expected {width} cells, found {len(row)}")
            lines.append(line)
            cells.append(row)
        if not cells:
            break
        for chunk, column in zip(chunks, zip(*cells, strict=True), strict=True):
            chunk.append(numpy.array(column, TEXT))
        cells = []
    arrays = tuple(numpy.concatenate(chunk) if chunk else numpy.array([], TEXT) for chunk in chunks)
    return numpy.array(lines, numpy.int64), arrays


def _rows(path: Path, reader: Iterator[list[str]], encoding: str | None) -> Iterator[tuple[int, list[str]]]:
    """Return each row that is not empty with the number of its last line."""
    line = 0
    try:
        for raw in reader:
            line = reader.line_num  # type: ignore[attr-defined]  # csv's readers have it
            row = [cell.strip() for cell in raw]
            if any(row) or len(row) > 1:
                yield line, row
    except csv.Error as error:
        line = reader.line_num  # type: ignore[attr-defined]
        raise DataError(f"{path}, line {line}: expected comma-separated cells, found {error}") from error
    except UnicodeError as error:
        kind = encoding or "UTF-8"
        hint = "" if encoding else "; name another encoding with --encoding, such as cp1252"
        raise DataError(f"{path}, after line {line}: expected {kind} text, found {error}{hint}") from error
    except (EOFError, lzma.LZMAError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{path}, after line {line}: expected compressed text, found damaged data: {error}") from error


def _separator(path: Path, stream: TextIO) -> str:
    """Return what divides each of the first lines into equally many cells; a comma where nothing does."""
    if ".tsv" in path.suffixes:
        return "\t"
    sample = []
    with suppress(UnicodeError, EOFError, lzma.LZMAError, OSError):  # which reading it will say
        for line in islice(stream, _LOOKED_AT):
            sample.append(line)
    for separator in SEPARATORS[:-1]:
        try:
            widths = {len(row) for row in csv.reader(sample, delimiter=separator) if row}
        except csv.Error:  # which reading it will say
            continue
        if len(widths) == 1 and widths != {1}:
            return separator
    return ","


@contextmanager
def _opened(path: Path, encoding: str | None) -> Iterator[TextIO]:
    """Open a file's text.

    Raises:
        DataError: there is no such encoding.
    """
    opener = COMPRESSED.get(path.suffix.lower(), partial(open, mode="rb"))
    with opener(path) as raw:
        if encoding is None:
            try:
                encoding = _MARKS.get(raw.read(2), "utf-8-sig")
            except (EOFError, lzma.LZMAError, OSError) as error:
                raise DataError(f"{path}: expected compressed text, found damaged data: {error}") from error
            raw.seek(0)
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise DataError(f"there is no encoding {encoding!r}; there are utf-8, cp1252, latin-1, utf-16, …") from None
        yield TextIOWrapper(raw, encoding, newline="")
