"""`nnc cache`: what is kept, and how to be rid of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnc.backends.c import cache
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache."""
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_show_and_clear(run: Run, place: Path) -> None:
    assert run("cache").stdout == f"{place}: 0 libraries, 0.0 of at most 512 MiB\n"
    path = cache.store("key", bytes(2**20))
    assert run("cache").stdout == f"{place}: 1 library, 1.0 of at most 512 MiB\n"
    found = json.loads(run("cache", "--json").stdout)
    assert found == {"path": str(place), "libraries": 1, "bytes": 2**20, "limit": 2**29}
    assert path.exists()
    assert run("cache", "--clear").stderr == "removed 1 library, 1.0 MiB\n"
    assert not path.exists()
    assert run("cache", "--clear").stderr == "removed 0 libraries, 0.0 MiB\n"


def test_an_error_is_one_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "kept/c")

    monkeypatch.setattr(cache, "clear", refuse)
    assert run("cache", "--clear", code=1).stderr == "error: kept/c: Permission denied\n"
