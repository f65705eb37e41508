"""Folders for a while, among the system's temporary files; the next process removes what a killed one has left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "nnc-scratch-"
_HAS_LOCKS = os.name != "nt"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that ends with the block.

    Raises:
        OSError: there is no room for one.
    """
    folder, lock = make_scratch_folder()
    try:
        yield folder
    finally:
        remove_scratch_folder(folder, lock)


def make_scratch_folder() -> tuple[Path, int | None]:
    """Make a folder, and remove those of processes that have ended.

    Returns:
        The folder, and the open file that holds its lock, flock(2), which ends with this process and its forks; None on
        Windows, where such folders stay.

    Raises:
        OSError: there is no room for one.
    """
    import tempfile

    if not _HAS_LOCKS:
        return Path(tempfile.mkdtemp(prefix=_PREFIX)), None
    _remove_abandoned(tempfile.gettempdir())
    while True:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        with suppress(FileNotFoundError):  # another process has removed it before it had its lock
            lock = _lock(folder, waits=True)
            if os.fstat(lock).st_nlink:
                return Path(folder), lock
            os.close(lock)


def remove_scratch_folder(folder: Path, lock: int | None) -> None:
    """Remove a folder and let go of its lock."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)


def _remove_abandoned(place: str) -> None:
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):  # somebody works in it, or it is another user's
                    if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                        remove_scratch_folder(Path(entry.path), _lock(entry.path, waits=False))


def _lock(folder: str, waits: bool) -> int:
    """Open a folder and take its lock.

    Raises:
        OSError: it is not there, or somebody else has the lock.
    """
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
