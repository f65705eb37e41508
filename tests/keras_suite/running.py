"""Runs files of Keras's tests on nnc, each in a process of its own, and gathers how each test ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.keras_suite.bridge import SOURCE
from tests.keras_suite.scope import FOLDERS, reason_of

ROOT = Path(__file__).parents[2]
SECONDS = 900
"""The longest that a file may take."""


@dataclass(frozen=True)
class Outcome:
    """How a test ended.

    Args:
        name: the path of its file below ``keras/src``, and its name.
        outcome: ``passed``, ``failed``, ``skips itself`` or ``out of scope``.
        text: the error, or the reason.
        kind: of a failure: ``value``, ``assertion``, ``exception``, ``import``, ``crash``.
        where: file and function of nnc in which an error was raised.
    """

    name: str
    outcome: str
    text: str = ""
    kind: str = ""
    where: str = ""

    @property
    def folder(self) -> str:
        """The folder of the test below ``keras/src``."""
        return self.name.split("/")[0]


def files(part: tuple[int, int] = (1, 1), patterns: Sequence[str] = ()) -> list[str]:
    """Return the files of tests below ``keras/src``, or every n-th of them.

    Args:
        part: which part, of how many.
        patterns: where given, what a file's path has to contain one of.
    """
    found = [path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*_test.py")]
    wanted = [
        name
        for name in sorted(found)
        if name.split("/")[0] in FOLDERS and (not patterns or any(pattern in name for pattern in patterns))
    ]
    return wanted[part[0] - 1 :: part[1]]


def run_file(name: str) -> list[Outcome]:
    """Return how the tests of a file end."""
    if (reason := reason_of(f"{name}::")) is not None:
        return [Outcome(f"{name}::", "out of scope", reason)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "outcomes"
        output.touch()
        command = [sys.executable, "-m", "pytest", "-p", "tests.keras_suite.plugin", "-p", "no:cacheprovider"]
        command += ["-q", "--noconftest", "-c", os.devnull, f"--rootdir={SOURCE.parents[1]}", str(SOURCE / name)]
        environment = {
            **os.environ,
            "KERAS_SUITE_OUTPUT": str(output),
            "NNC_BACKEND": "numpy",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            end = f"the process ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
        except subprocess.TimeoutExpired:
            end = f"the file takes more than {SECONDS} seconds"
        return _outcomes(name, output.read_text(), end)


def _outcomes(name: str, text: str, end: str) -> list[Outcome]:
    found: dict[str, Outcome] = {}
    for line in text.splitlines():
        outcome = Outcome(**json.loads(line))
        found[outcome.name] = outcome
    if not found:
        return [Outcome(f"{name}::<import>", "failed", end, "crash")]
    return [Outcome(item.name, "failed", end, "crash") if item.outcome == "begun" else item for item in found.values()]


def run(names: Sequence[str], processes: int = 1) -> Iterator[Outcome]:
    """Return how the tests of files end, file by file.

    Args:
        names: the files.
        processes: how many run at once.
    """
    with ThreadPoolExecutor(processes) as pool:
        for outcomes in pool.map(run_file, names):
            yield from outcomes
