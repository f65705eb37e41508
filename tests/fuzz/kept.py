"""The small corpus of each reader: what covers its code, and what once was wrong."""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fuzz.oracle import ROOT, check
from tests.fuzz.readers import READERS

FOLDER = Path(__file__).parent / "corpus"
COMPRESSED = ".gz"
_OURS = (f"{ROOT}/nnc/", f"{ROOT}/frontends/")
_VARIABLE = re.compile(r"/\S*|'[^']*'|\"[^\"]*\"|[0-9]+|got .*|found .*")
"""What differs between errors of one kind."""


def contents(reader: str) -> dict[str, bytes]:
    """Return the kept contents of a reader by the names of their files."""
    paths = sorted((FOLDER / reader).glob("*"))
    return {path.name.removesuffix(COMPRESSED): _content(path) for path in paths}


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == COMPRESSED else content


def keep(reader: str, found: Path, most_files: int, most_bytes: int = 30_000) -> None:
    """Add to the corpus of a reader those files by which most happens that does not by any file before them.

    Args:
        reader: its name.
        found: a folder of contents.
        most_files: how many files to add.
        most_bytes: bytes of all that are added, compressed.
    """
    covered = {what for content in contents(reader).values() for what in happenings(reader, content)}
    candidates = {content: happenings(reader, content) for content in map(Path.read_bytes, sorted(found.iterdir()))}
    for _ in range(most_files):
        best = max(candidates, key=lambda content: len(candidates[content] - covered) / (200 + _stored(content)))
        new = candidates.pop(best) - covered
        if not new or _stored(best) > most_bytes:
            return
        most_bytes -= _stored(best)
        covered |= new
        add(reader, f"{zlib.crc32(best):08x}", best)


def add(reader: str, name: str, content: bytes) -> None:
    """Write a file of the corpus, compressed where that is worth it."""
    path = FOLDER / reader / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if _stored(content) < len(content):
        path.with_name(f"{name}{COMPRESSED}").write_bytes(_packed(content))
    else:
        path.write_bytes(content)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _stored(content: bytes) -> int:
    size = len(_packed(content))
    return size if size < len(content) // 2 else len(content)


def happenings(reader: str, content: bytes) -> set[Hashable]:
    """Return which functions of ours are called where a content is read and used, and what kinds of errors it gets."""
    found: set[Hashable] = set()

    def trace(frame: Any, event: str, argument: Any) -> None:
        if frame.f_code.co_filename.startswith(_OURS):
            found.add(frame.f_code)

    def noting(read: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def noted(path: Path) -> Any:
            try:
                return read(path)
            except Exception as error:
                found.update(_VARIABLE.sub("", line) for line in str(error).split("\n"))
                raise

        return noted

    noted = replace(READERS[reader], reads=tuple(map(noting, READERS[reader].reads)))
    with tempfile.TemporaryDirectory() as folder:
        sys.settrace(trace)
        try:
            check(noted, content, Path(folder))
        finally:
            sys.settrace(None)
    return found
