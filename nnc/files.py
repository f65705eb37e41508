"""Files that appear under their name only when they are complete; and JSON texts, bounded in depth and in number."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from nnc.errors import NestingError

MAX_DEPTH = 400
"""The greatest depth of nested values in a file: functions that walk through them call themselves at each level."""
MAX_VALUES = 2_000_000

_ATTEMPTS = 3
_PIECE = 1 << 20
"""Bytes that are read at once."""
_IS_WINDOWS = os.name == "nt"
_TEMPORARY, _RANDOM = ".nnc-part-", re.compile("[0-9a-f]{16}")  # what temporary names consist of


def write_atomically(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write a file under a temporary name in the same folder, sync it, and rename it; a link stays a link.

    Temporary files that killed processes have left behind in the folder are removed. Who writes one holds a lock on it,
    flock(2), which ends with the process; Windows removes no file that is open.

    Args:
        path: the file; its folder must exist.
        data: all that will be in it.

    Raises:
        OSError: the file cannot be written; what was there before is untouched.
    """
    final = Path(os.path.realpath(path))
    _remove_abandoned(final.parent)
    for attempt in reversed(range(_ATTEMPTS)):
        temporary = final.with_name(f"{_TEMPORARY}{os.urandom(8).hex()}")
        try:
            _write(temporary, final, data)
        except FileNotFoundError as error:
            if attempt and final.parent.is_dir():
                continue  # it was removed from a machine that does not see locks of this one
            _name(error, path)
            raise
        except BaseException as error:
            if isinstance(error, OSError):
                _name(error, path)
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        return


def read_into(stream: Any, memory: memoryview) -> int:
    """Fill memory from a stream, a piece at a time, and return how many bytes there were.

    What a stream unpacks or checks it makes a copy of: of a piece that is little, of all that is read once more.
    """
    filled = 0
    while filled < len(memory) and (count := stream.readinto(memory[filled : filled + _PIECE])):
        filled += count
    return filled


def _write(temporary: Path, final: Path, data: bytes | memoryview) -> None:
    with _open(temporary) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
        if not _IS_WINDOWS:
            os.replace(temporary, final)
    if _IS_WINDOWS:  # which renames no file that is open
        os.replace(temporary, final)


def _open(temporary: Path) -> BinaryIO:
    """Make a file that this process has the lock of; once more where another one has removed it before."""
    while True:
        stream = temporary.open("xb")
        with suppress(OSError):  # of file systems without locks, on which nobody else gets one either
            _lock(stream.fileno(), waits=True)
        if os.fstat(stream.fileno()).st_nlink:
            return stream
        stream.close()


def _lock(descriptor: int, waits: bool) -> None:
    """Take the lock of an open file until it is closed.

    Raises:
        OSError: somebody else has it, or there is none.
    """
    if not _IS_WINDOWS:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _name(error: OSError, path: str | os.PathLike[str]) -> None:
    """Let an error name the file: the user has never heard of the temporary one."""
    error.filename, error.filename2 = os.fspath(path), None


def _remove_abandoned(folder: Path) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_TEMPORARY) and _RANDOM.fullmatch(entry.name, len(_TEMPORARY)):
                with suppress(OSError):  # somebody is writing it, or it is another user's
                    _remove_unlocked(entry)


def _remove_unlocked(entry: os.DirEntry[str]) -> None:
    if not entry.is_file(follow_symlinks=False):
        return
    descriptor = None if _IS_WINDOWS else os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if descriptor is not None:
            _lock(descriptor, waits=False)
        os.unlink(entry.path)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def read_json(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Return the values of a JSON text, in which NaN and infinity may stand as Python writes them.

    Args:
        text: the JSON.
        depth: how deep values may be nested.

    Raises:
        NestingError: they are nested more deeply, or there are too many.
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(text, parse_constant=_constant)
    except RecursionError:
        raise NestingError(_too_deep(depth)) from None
    check_nesting(value, depth)
    return value


def check_nesting(value: Any, depth: int = MAX_DEPTH) -> None:
    """Check that lists and mappings in a value are nested no more than so deep, and that they have not too many values.

    Raises:
        NestingError: they are, or there are too many.
    """
    count, level = 0, [value]
    for _ in range(depth):
        below: list[Any] = []
        for item in level:
            if type(item) in _SIMPLE:
                continue
            below += item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ()
            if count + len(below) > MAX_VALUES:
                raise NestingError(f"there are more than {MAX_VALUES:,} values")
        count, level = count + len(below), below
    if level:
        raise NestingError(_too_deep(depth))


_SIMPLE = frozenset({str, int, float, bool, type(None)})
"""What has nothing in it, and is most of what there is."""


def _too_deep(depth: int) -> str:
    return f"values are nested more than {depth} deep"


def _constant(name: str) -> float:
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[name]
