"""Whatever is in a file, it is read or refused in one readable error, and nothing else happens."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnc.errors import ModelError
from tests.fuzz.kept import contents
from tests.fuzz.oracle import check
from tests.fuzz.readers import READERS
from tests.fuzz.seeds import SEEDS

pytestmark = pytest.mark.numpy_backend


@pytest.mark.parametrize("name", READERS)
def test_seeds_are_read(name: str, tmp_path: Path) -> None:
    for title, content in SEEDS[name]().items():
        outcome, finding = check(READERS[name], content, tmp_path, goes_on=False)
        assert ("read" in outcome.split(), finding) == (True, ""), title


@pytest.mark.parametrize("name", READERS)
def test_corpus(name: str, tmp_path: Path) -> None:
    assert contents(name)
    for title, content in contents(name).items():
        _, finding = check(READERS[name], content, tmp_path)
        assert not finding, title


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_changed_seeds(name: str, tmp_path: Path) -> None:
    chance, reader = random.Random(1), READERS[name]
    whole = list(SEEDS[name]().values())
    for number in range(200):
        content = chance.choice(whole)
        for _ in range(chance.choice((1, 1, 2, 3))):
            content = reader.change(content, chance)
        _, finding = check(reader, content, tmp_path, goes_on=number % 4 == 0)
        assert not finding


def raises(error: Exception) -> Any:
    def read(path: Path) -> None:
        raise error

    return read


MISDEEDS: dict[str, tuple[Any, str]] = {
    "another error": (raises(KeyError("x")), "none of nnc's errors: KeyError"),
    "no text": (raises(ModelError("")), "no text"),
    "opens": (lambda path: (path.parent / "other").write_bytes(b""), "open "),
    "writes": (lambda path: path.write_bytes(b""), "open "),
    "runs": (lambda path: os.system("true"), "os.system"),
    "runs code": (lambda path: exec("1"), "run code of '<string>'"),
    "imports": (lambda path: __import__("this_is_not_there"), "import this_is_not_there"),
    "lists": (lambda path: os.listdir(path.parent), "os.listdir"),
    "takes memory": (lambda path: bytearray(350 * 2**20), "large: read after 3"),  # less what is used again
}


@pytest.mark.unsanitized
@pytest.mark.parametrize("name", MISDEEDS)
def test_misdeeds_are_seen(name: str, tmp_path: Path) -> None:
    if name == "takes memory" and not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell")
    read, expected = MISDEEDS[name]
    reader = replace(READERS["csv"], reads=(read,))
    assert check(reader, b"1,2\n", tmp_path)[1].startswith(expected)
    assert check(READERS["csv"], b"1,2\n", tmp_path) == ("read read DataError read", "")
