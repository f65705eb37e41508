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

from tests.keras_suite.backend import ENGINE
from tests.keras_suite.bridge import SOURCE
from tests.keras_suite.scope import FOLDERS, pattern_of, reason_of

ROOT = Path(__file__).parents[2]
SECONDS = 900
"""The longest that a file may take."""
ENGINES = dict.fromkeys(("trainers/trainer_test.py", "ops/image_test.py", "ops/math_test.py"), "tensorflow")
"""Files that know Keras's engines alone, and the one whose steps and numbers nnc has."""


@dataclass(frozen=True)
class Outcome:
    """How a test ended.

    Args:
        name: the path of its file below ``keras/src``, and its name.
        outcome: ``passed``, ``failed``, ``skips itself`` or ``out of scope``.
        text: the error, or the reason.
        kind: of a failure: ``value``, ``assertion``, ``exception``, ``import``, ``crash``; or the pattern of the scope.
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
    text, end = _run([name], ENGINES.get(name, ""))
    found = _outcomes(name, text, end)
    if (pattern := pattern_of(f"{name}::")) is not None and not any(item.kind == pattern for item in found):
        return [Outcome(f"{name}::", "out of scope", reason_of(f"{name}::") or "", pattern)]  # it can't be imported
    return found


def left_out(names: Sequence[str]) -> list[Outcome]:
    """Return all tests of files that are out of scope, without running any."""
    found = []
    for engine in dict.fromkeys(ENGINES.get(name, "") for name in names):
        alike = [name for name in names if ENGINES.get(name, "") == engine]
        found += [item for item in _records(_run(alike, engine, "--collect-only")[0]) if item.outcome == "out of scope"]
    known = {item.name.partition("::")[0] for item in found}
    whole = [
        Outcome(f"{name}::", "out of scope", reason_of(f"{name}::") or "", pattern_of(f"{name}::") or "")
        for name in names
    ]
    return found + [item for item in whole if item.kind and item.name.removesuffix("::") not in known]


def _run(names: Sequence[str], engine: str, *options: str) -> tuple[str, str]:
    """Return what the plugin wrote while pytest ran files, and how the process ended."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "outcomes"
        output.touch()
        command = [sys.executable, "-m", "pytest", "-p", "tests.keras_suite.plugin", "-p", "no:cacheprovider", *options]
        command += ["-q", "--noconftest", "-c", os.devnull, f"--rootdir={SOURCE.parents[1]}"]
        command += [str(SOURCE / name) for name in names]
        environment = {
            **os.environ,
            "KERAS_SUITE_OUTPUT": str(output),
            "NNC_BACKEND": "numpy",
            ENGINE: engine,
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
        return output.read_text(), end


def _records(text: str) -> list[Outcome]:
    """Return the last outcome of each test."""
    records = [Outcome(**json.loads(line)) for line in text.splitlines()]
    return list({outcome.name: outcome for outcome in records}.values())


def _outcomes(name: str, text: str, end: str) -> list[Outcome]:
    found = _records(text)
    if not found:
        return [Outcome(f"{name}::<import>", "failed", end, "crash")]
    return [Outcome(item.name, "failed", end, "crash") if item.outcome == "begun" else item for item in found]


def run(names: Sequence[str], processes: int = 1) -> Iterator[Outcome]:
    """Return how the tests of files end, file by file.

    Args:
        names: the files.
        processes: how many run at once.
    """
    with ThreadPoolExecutor(processes) as pool:
        for outcomes in pool.map(run_file, names):
            yield from outcomes
