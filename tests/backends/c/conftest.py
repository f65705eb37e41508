"""A cache of its own for tests that count what is compiled, and compilers that do not do what they should."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from nnc.backends.c import cache
from nnc.backends.c.toolchain import find_compiler

Script = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a cache that nothing is in; all other tests share one."""
    path = tmp_path / "cache"
    monkeypatch.setenv("NNC_CACHE_DIR", str(path))
    monkeypatch.setattr(cache, "_private", {})
    return path


@pytest.fixture
def compiler() -> None:
    """Skip the test where there is no C compiler."""
    if find_compiler() is None:
        pytest.skip("needs a C compiler")


@pytest.fixture
def script(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Return a function that makes a shell script the compiler; it counts its calls in the file `calls`."""

    def make(text: str) -> Path:
        path = tmp_path / "compiler with spaces"
        path.write_text(f"#!/bin/sh\necho x >> '{tmp_path / 'calls'}'\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("CC", f"'{path}'")
        return path

    return make


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], int]:
    """Return a function that tells how often the script has been called."""

    def count() -> int:
        path = tmp_path / "calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    return count
