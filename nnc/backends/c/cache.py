"""Compiled libraries that outlive the process: where they lie, how they are named, checked and removed.

An entry is a folder named by its key; in it lies the library, named by the checksum of its own bytes. So one rename
is all there is to writing an entry, whoever else writes it at the same time, and damage to it shows.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from weakref import WeakValueDictionary

from nnc.backends.c.scratch import make_scratch_folder, remove_scratch_folder
from nnc.files import write_atomically

FORMAT = 2
"""Part of every key: raise it when the meaning of an entry changes."""
LIMIT = 512 * 2**20
"""Bytes of libraries that are kept; beyond them those that were used least recently are removed."""
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")

_TIDYING = ("00", "01", "02", "03")  # what the keys begin with whose entries, one of 64, are worth a look at all others
_MOST_LINKS = 40
_LEFT_BEHIND = 3600.0  # seconds after which a temporary file belongs to nobody
_private: dict[int, Path] = {}  # by process, for a fork has none of its own
_locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_guard = [threading.Lock()]  # of the dictionary


def _release_locks() -> None:
    """Whoever holds one does not exist in the child."""
    _locks.clear()
    _guard[0] = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_locks)


def cache_directory() -> Path:
    """Return the folder of compiled libraries: ``$NNC_CACHE_DIR``, or `nnc` in the user's folder for caches."""
    if chosen := os.environ.get("NNC_CACHE_DIR"):
        return Path(chosen).absolute()
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # as the XDG specification asks
            base = os.path.join(home, ".cache")
    return Path(base, "nnc").absolute()


def make_key(*parts: str) -> str:
    """Return the key of what the given texts decide, the same in every process."""
    encoded = [part.encode() for part in (f"{FORMAT} {sys.platform} {sys.maxsize}", *parts)]
    return checksum(b"".join(b"%d:%b" % (len(part), part) for part in encoded))


def lock(key: str) -> threading.Lock:
    """Return the lock under which this process makes the entry of a key, so that its threads make it once."""
    with _guard[0]:
        return _locks.setdefault(key, threading.Lock())


def find(key: str) -> Path | None:
    """Return the library of a key if there is one whose bytes are those that were written; others are removed."""
    for folder in _folders():
        for path in _libraries(folder / key):
            try:
                is_whole = checksum(path.read_bytes()) == path.stem
            except OSError:
                continue
            with suppress(OSError):  # of a cache that others may only read
                if is_whole:
                    os.utime(path)
                else:
                    path.unlink()
            if is_whole:
                return path
    return None


def store(key: str, library: bytes) -> Path:
    """Write an entry and return its library; where the cache takes none, it goes to a private folder, with a notice.

    Raises:
        OSError: there is no room for temporary files either.
    """
    folder = _cache_folder()
    if folder is not None:
        try:
            path = _write(folder / key, library)
        except OSError as error:
            _notify(f"{folder}: {error.strerror or error}; {_CONSEQUENCE}")
        else:
            if key.startswith(_TIDYING):
                trim(folder, keep=path)
            return path
    return store_privately(key, library)


def store_privately(key: str, library: bytes) -> Path:
    """Write an entry where only this process looks for it, until it ends.

    Raises:
        OSError: there is no room for temporary files.
    """
    return _write(private_directory() / key, library)


def private_directory() -> Path:
    """Return a folder of this process that is removed when it ends."""
    import atexit

    process = os.getpid()
    known = _private.get(process)
    if known is not None and known.is_dir():  # somebody may have tidied up
        return known
    path, lock = make_scratch_folder()

    def remove() -> None:
        if os.getpid() == process:  # a fork inherits this function, and not the folder
            remove_scratch_folder(path, lock)

    atexit.register(remove)
    _private[process] = path
    return path


def remember(name: str, data: bytes) -> None:
    """Keep something short under a name, if the cache takes it."""
    folder = _cache_folder()
    if folder is not None:
        with suppress(OSError):
            write_atomically(folder / name, b"%b\n%b" % (checksum(data).encode(), data))


def recall(name: str) -> bytes:
    """Return what is kept under a name, as it was written; nothing where there is nothing, or something else."""
    root = cache_directory()
    path = root / "c" / name
    with suppress(OSError):  # nothing is made, and nobody told: reading is not what needs a cache
        if not _distrust(path.parent):
            digest, _, data = path.read_bytes().partition(b"\n")
            with suppress(OSError):  # of a cache that others may only read
                os.utime(path)
            return data if checksum(data).encode() == digest else b""
    return b""


def keep_source(key: str, text: str) -> Path:
    """Write a source that could not be compiled where a person can read it, and return its path.

    Raises:
        OSError: there is no room for temporary files.
    """
    import tempfile

    folder = _cache_folder()
    if folder is not None:
        with suppress(OSError):
            return _write_into(folder / key, "nnc.c", text.encode())
    return _write_into(Path(tempfile.mkdtemp(prefix="nnc-")), "nnc.c", text.encode())


def trim(folder: Path, limit: int | None = None, keep: Path | None = None) -> None:
    """Remove the files that were used least recently until the rest is no larger than the limit.

    Args:
        folder: that of the entries.
        limit: bytes; by default `LIMIT`.
        keep: a library that stays.
    """
    import time

    found = sorted(_files(folder), key=lambda item: item[1].st_mtime, reverse=True)
    oldest_temporary = time.time() - _LEFT_BEHIND
    total = 0
    for path, status in found:
        is_temporary = path.name.startswith(".")
        if is_temporary and status.st_mtime > oldest_temporary:
            continue  # another process is writing it
        total += status.st_size
        if path != keep and (is_temporary or total > (LIMIT if limit is None else limit)):
            total -= status.st_size
            with suppress(OSError):  # another process may have been faster, or Windows may be using it
                path.unlink()
                path.parent.rmdir()  # an entry that is empty now


def usage() -> tuple[int, int]:
    """Return the number of libraries in the cache, and the bytes of all its files."""
    files = list(_files(cache_directory() / "c"))
    return sum(path.suffix == SUFFIX for path, _ in files), sum(status.st_size for _, status in files)


def problem() -> str:
    """Return why nothing can be kept in the cache, an empty text if all is well; nothing is made or changed."""
    root = cache_directory()
    for folder in (root / "c", root, *root.parents):
        try:
            if folder.exists():
                may_write = os.access(folder, os.W_OK | os.X_OK)
                return _distrust(root / "c") or ("" if may_write else f"{folder} cannot be written")
        except OSError as error:
            return f"{folder}: {error.strerror or error}"
    return ""


def clear() -> None:
    """Remove all entries.

    Raises:
        OSError: they may not be removed.
    """
    import shutil

    folder = cache_directory() / "c"
    if folder.is_dir():
        shutil.rmtree(folder)


_CONSEQUENCE = "compiled code is kept for this process only (set $NNC_CACHE_DIR to a folder of your own)"


def _folders() -> Iterator[Path]:
    folder = _cache_folder()
    if folder is not None:
        yield folder
    if private := _private.get(os.getpid()):
        yield private


def _cache_folder() -> Path | None:
    """Return the folder of the entries, made if need be; None, with a notice, if code in it could be anybody's."""
    root = cache_directory()
    folder = root / "c"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        problem = _distrust(folder)
    except OSError as error:
        problem = f"{error.filename or folder}: {error.strerror or error}"
    if problem:
        _notify(f"{problem}; {_CONSEQUENCE}")
        return None
    return folder


def _distrust(folder: Path) -> str:
    """Return why libraries in the folder of the entries may not be loaded, or an empty text.

    Nobody but the user and root may be able to write in it or in the cache's own folder, nor above them in the path,
    where they could be exchanged for others; links lead to further ones. Above them, a folder like /tmp may be written
    by everybody: its sticky bit lets nobody rename another user's files.
    """
    if not hasattr(os, "getuid"):
        return ""
    own = {os.path.realpath(folder), os.path.realpath(folder.parent)}
    for path in _way_to(folder):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return ""
        if status.st_uid not in {os.getuid(), 0}:
            return f"{path} belongs to another user"
        if stat.S_ISLNK(status.st_mode) or (status.st_mode & stat.S_ISVTX and path not in own):
            continue
        if status.st_mode & stat.S_IWOTH:
            return f"{path} can be written by everybody"
        if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid):
            return f"{path} can be written by the group {_group_name(status.st_gid)}"
    return ""


def _way_to(folder: Path) -> Iterator[str]:
    """Return the folders and links that a path leads through, from the root to the folder itself, behind links too."""
    parts = list(reversed(folder.absolute().parts[1:]))
    current, links = folder.anchor, 0
    yield current
    while parts:
        part = parts.pop()
        path = os.path.dirname(current) if part == os.pardir else os.path.join(current, part)
        yield path
        if os.path.islink(path):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(folder))
            target = os.readlink(path)
            current = folder.anchor if os.path.isabs(target) else current
            parts += reversed([name for name in target.split(os.sep) if name not in {"", os.curdir}])
        else:
            current = path


def _is_private(group: int) -> bool:
    """Return whether a group is the user's own, as many systems make one for each user, and has nobody else in it."""
    import grp
    import pwd

    try:
        user, found = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return group == user.pw_gid and found.gr_name == user.pw_name and set(found.gr_mem) <= {user.pw_name}


def _group_name(group: int) -> str:
    import grp

    try:
        return f"'{grp.getgrgid(group).gr_name}'"
    except KeyError:
        return str(group)


def _libraries(entry: Path) -> list[Path]:
    try:
        return sorted(entry / name for name in os.listdir(entry) if name.endswith(SUFFIX) and name[0] != ".")
    except OSError:
        return []


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(OSError):  # removed meanwhile
                yield path, path.stat()


def _write(entry: Path, library: bytes) -> Path:
    for _ in range(2):
        with suppress(FileNotFoundError, FileExistsError):  # another process has removed the empty folder in between
            return _write_into(entry, f"{checksum(library)}{SUFFIX}", library)
    return _write_into(entry, f"{checksum(library)}{SUFFIX}", library)


def _write_into(entry: Path, name: str, data: bytes) -> Path:
    """Write a file into a folder, which is made if need be and stays only where there is something in it."""
    entry.mkdir(mode=0o700, exist_ok=True)
    try:
        write_atomically(entry / name, data)
    except BaseException:
        with suppress(OSError):
            entry.rmdir()
        raise
    return entry / name


def checksum(data: bytes) -> str:
    """Return 64 hexadecimal digits; BLAKE2 comes with Python, where hashlib's import loads all of OpenSSL first."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(data, digest_size=32).hexdigest()


@cache
def _notify(message: str) -> None:
    """Log a warning, once."""
    import logging

    logging.getLogger("nnc").warning(message)
