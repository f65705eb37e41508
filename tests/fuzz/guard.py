"""Sees what a piece of code does beside computing: files that it opens, processes, modules and code of others."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GENERATED = "<nnc "
"""How the names begin under which nnc compiles what it has printed."""

_FORBIDDEN = (
    "code.",
    "ctypes.",
    "ftplib.",
    "glob.",
    "http.",
    "marshal.",
    "mmap.",
    "os.",
    "pickle.",
    "pty.",
    "shutil.",
    "smtplib.",
    "socket.",
    "sqlite3.",
    "subprocess.",
    "sys.set",
    "tempfile.",
    "urllib.",
    "webbrowser.",
)
_IMPORTERS = ("<frozen importlib._bootstrap>", importlib.metadata.__file__)
_HARMLESS = ("os.fspath", "os.putenv")
_seen: list[str] | None = None  # None while nobody looks
_allowed: tuple[str, ...] = ()


@contextmanager
def watched(*files: Path) -> Iterator[list[str]]:
    """Give a list of what is done that reading these files does not need; each of that is stopped as well.

    What happens while an installed module is imported, or looked for among those that read files, is not looked at.
    """
    global _seen, _allowed
    _install()
    found: list[str] = []
    _allowed = tuple(map(str, files))
    _seen = found
    try:
        yield found
    finally:
        _seen = None


@contextmanager
def unwatched() -> Iterator[None]:
    """Let a test do what it likes for a moment."""
    global _seen
    before, _seen = _seen, None
    try:
        yield
    finally:
        _seen = before


def _install() -> None:
    if not _installed:
        sys.addaudithook(_hook)
        _installed.append(True)


_installed: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    said = _problem(event, arguments)
    if said and not _is_importing():
        _seen.append(said)
        raise PermissionError(said)


def _problem(event: str, arguments: tuple[Any, ...]) -> str:
    """Return what is wrong with something that is about to be done, or an empty text."""
    if event == "open":
        file, flags = arguments[0], arguments[2]
        if isinstance(file, int) or (os.fspath(file) in _allowed and not flags & (os.O_WRONLY | os.O_RDWR)):
            return ""
        return f"open {file!r}"
    if event == "mmap.__new__" and arguments[0] != -1:  # of a file that is open
        return ""
    if event == "import":
        name = arguments[0].partition(".")[0]
        return "" if name in sys.modules or name in sys.stdlib_module_names else f"import {arguments[0]}"
    if event == "exec":
        name = arguments[0].co_filename
        return "" if name.startswith(GENERATED) else f"run code of {name!r}"
    if event.startswith(_FORBIDDEN) and event not in _HARMLESS:
        return f"{event} {arguments!r:.80}"
    return ""


def _is_importing() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename in _IMPORTERS:
            return True
        frame = frame.f_back
    return False
