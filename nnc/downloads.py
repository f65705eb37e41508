"""Files that are downloaded once and kept where Keras keeps them, with their checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit

from nnc.activity import activity, shown
from nnc.errors import DataError
from nnc.quantities import bytes_text

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
"""Where Keras's own files are."""
_CHUNK = 2**16
_SECONDS = 60.0
"""Seconds that a server may be silent."""
_FORMATS = ("auto", "tar", "zip")


def get_file(
    fname: Any = None,
    origin: Any = None,
    untar: Any = False,
    md5_hash: Any = None,
    file_hash: Any = None,
    cache_subdir: Any = "datasets",
    hash_algorithm: Any = "auto",
    extract: Any = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: Any = False,
) -> str:
    """Return the path of a file that is downloaded unless it is in the cache: ``~/.keras``, or ``$KERAS_HOME``.

    Args:
        fname: its name in the cache, by default that of the address; of an archive, the folder of what is in it.
        origin: its address.
        untar: whether it is a tar archive to extract; `extract` says the same of any.
        md5_hash: its MD5 checksum; `file_hash` and `hash_algorithm` say the same of any.
        file_hash: its checksum, 64 hexadecimal digits for SHA-256 and 32 for MD5. A file in the cache that has another
            one is downloaded again.
        cache_subdir: folder in the cache.
        hash_algorithm: ``sha256``, ``md5``, or ``auto`` to tell by the length.
        extract: whether to extract an archive, and return the folder of what is in it.
        archive_format: ``tar``, ``zip``, or ``auto`` to tell by what it is; or a list of these.
        cache_dir: the cache.
        force_download: whether to download it in any case.

    Raises:
        DataError: it cannot be downloaded, has another checksum, or is no archive; or an argument is wrong.
        OSError: it cannot be written.

    https://keras.io/api/utils/python_utils/#getfile-function
    """
    if origin is None:
        raise DataError("get_file needs origin, the address of the file")
    if hash_algorithm not in ("auto", "sha256", "md5"):
        raise DataError(f"get_file: hash_algorithm must be auto, sha256 or md5, got {hash_algorithm!r}")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = str(fname) if fname else PurePosixPath(urlsplit(origin).path).name
    if not name or name != PurePosixPath(name).name or os.sep in name:
        raise DataError(f"get_file: fname must be a name without folders, got {name!r}; they are named by cache_dir")
    folder = _cache(cache_dir) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    if not (extract or untar):
        _fetch(origin, folder / name, file_hash, hash_algorithm, force_download)
        return str(folder / name)
    has_suffix = bool(fname) and "." in name
    extracted = folder / (f"{name.partition('.')[0]}_extracted" if has_suffix else name)
    archive = folder / (name if has_suffix else f"{name}_archive")
    is_new = _fetch(origin, archive, file_hash, hash_algorithm, force_download)
    if is_new or not extracted.is_dir():
        _extract(archive, extracted, "tar" if untar else archive_format)
    return str(extracted)


def _cache(given: Any) -> Path:
    """Return the cache's folder; one for temporary files where it cannot be written, as in Keras."""
    home = given if given is not None else os.environ.get("KERAS_HOME") or "~/.keras"
    found = Path(os.path.expanduser(home))
    with suppress(OSError):
        found.mkdir(parents=True, exist_ok=True)
    return found if os.access(found, os.W_OK) else Path(tempfile.gettempdir(), ".keras")


def _fetch(origin: str, target: Path, checksum: str | None, algorithm: str, force: bool) -> bool:
    """Let a file be in the cache, and return whether it was downloaded."""
    if not force and target.exists() and (checksum is None or _checksum(target, checksum, algorithm) == checksum):
        return False
    with _temporary(target) as (stream, temporary):
        _download(origin, stream, target)
        stream.close()
        if checksum is not None and (found := _checksum(temporary, checksum, algorithm)) != checksum:
            raise DataError(f"{origin}: expected a file with the checksum {checksum}, got one with {found}")
        temporary.replace(target)
    return True


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Open a file beside another one, which is removed if it is still there afterwards."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _download(origin: str, stream: IO[bytes], target: Path) -> None:
    from http.client import HTTPException
    from urllib.request import urlopen  # takes as long to import as all else of a data set

    done = 0
    try:
        with urlopen(origin, timeout=_SECONDS) as source:
            size = source.headers.get("Content-Length")
            of = f" / {bytes_text(int(size))}" if size and size.isdigit() else ""
            with shown(sys.stderr), activity(lambda room: f"{bytes_text(done)}{of} of {origin}"[:room]):
                while part := source.read(_CHUNK):
                    stream.write(part)
                    done += len(part)
        if size and size.isdigit() and done != int(size):
            raise URLError(f"the connection ended after {done:,} of {int(size):,} bytes")
    except (URLError, HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{origin} cannot be downloaded: {reason}; or put the file there yourself: {target}") from error


def _checksum(path: Path, expected: str, algorithm: str) -> str:
    """Return the checksum of a file, of the kind of an expected one."""
    is_sha = algorithm == "sha256" or (algorithm == "auto" and len(expected) == 64)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256" if is_sha else "md5").hexdigest()


def _extract(archive: Path, folder: Path, given: Any) -> None:
    """Extract an archive into a folder, which is there as a whole or not at all.

    Raises:
        DataError: it is none of these formats, is damaged, or would write elsewhere.
    """
    formats = [given] if isinstance(given, str) else list(given or ())
    if unknown := [name for name in formats if name not in _FORMATS]:
        raise DataError(f"get_file: archive_format must be tar, zip or auto, got {unknown[0]!r}")
    opens: dict[str, Any] = {"tar": _tar_members, "zip": _zip_members}
    chosen = [name for name in opens if name in formats or "auto" in formats]
    known = {"tar": tarfile.is_tarfile, "zip": zipfile.is_zipfile}
    kind = next((name for name in chosen if known[name](archive)), None)
    if kind is None:
        raise DataError(f"{archive}: expected an archive, {' or '.join(chosen) or 'and no format was given'}")
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in opens[kind](archive):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise DataError(f"{archive}: its member {name!r} would be written elsewhere")
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                shutil.copyfileobj(content, stream)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.chmod(0o755)
        temporary.replace(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{archive}: the archive is damaged: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the files of a tar archive; links and devices are left out, as nothing of a data set is one."""
    with tarfile.open(archive) as source:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            if not member.is_dir():
                with source.open(member) as content:
                    yield member.filename, content
