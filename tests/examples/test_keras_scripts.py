"""Scripts that Keras users write compute on nnc what they compute on Keras, from equal weights."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.examples.keras_script_runner import SCRIPTS

HELPERS = ("simulated_cart", "synthetic_data")
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem not in HELPERS)
BOUND = 1e-4
"""Relative to the largest number of an array: some thousand roundings, which a few epochs make of one."""


class Engine:
    """A process that runs one script after another.

    Args:
        name: ``keras`` or ``nnc``.
        folder: where results go.
    """

    def __init__(self, name: str, folder: Path) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.examples.keras_script_runner", name, str(folder)]
        self.name, self.folder = name, folder
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def run(self, script: str) -> dict[str, Any]:
        """Return what a script computed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{script}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert not answer["error"], answer["error"]
        assert not answer["others"], f"{script} imported {answer['others']}"
        with numpy.load(self.folder / f"{script}.{self.name}.npz") as stored:
            return dict(stored)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    """Keras and nnc in processes of their own, with one folder."""
    pytest.importorskip("keras")
    folder = tmp_path_factory.mktemp("scripts")
    found = {name: Engine(name, folder) for name in ("keras", "nnc")}
    yield found
    for engine in found.values():
        engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_script_computes_the_same_on_both_engines(engines: dict[str, Engine], name: str) -> None:
    """Losses and metrics of all epochs, and predictions; rows are not shuffled, rates of dropout are 0, images stay."""
    expected = engines["keras"].run(name)
    found = engines["nnc"].run(name)
    assert sorted(found) == sorted(expected)
    for key, array in expected.items():
        assert found[key].shape == array.shape, key
        largest = numpy.abs(array.astype("float64")).max(initial=0)
        numpy.testing.assert_allclose(found[key], array, rtol=0, atol=BOUND * largest, err_msg=key)


def test_the_page_lists_all_scripts() -> None:
    page = (SCRIPTS / "README.md").read_text()
    assert sorted(set(re.findall(r"\((\w+)\.py\)", page)) - set(HELPERS)) == NAMES


def test_scripts_know_no_engine() -> None:
    for path in SCRIPTS.glob("*.py"):
        assert not re.search(r"nnc|tensorflow|\btf\b", path.read_text()), path.name
