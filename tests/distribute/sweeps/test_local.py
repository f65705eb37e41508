"""Processes that train, what happens when they are killed, and when the sweep is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

from nnc.distribute.sweeps import SweepResult, sweep
from nnc.distribute.sweeps.journal import NAME
from nnc.errors import ModelError
from tests.distribute.sweeps import builders

ROOT = Path(__file__).parents[3]
SPACE = {"units": [3, 4], "learning_rate": [0.125, 0.5]}


def numbers(result: SweepResult) -> list[Any]:
    """What trials have found, without how long it took."""
    return [(trial.number, trial.parameters, trial.status, trial.history, trial.value) for trial in result.trials]


def built(function: Any, **settings: Any) -> SweepResult:
    arrays = numpy.load("points.npz")
    options = {"space": SPACE, "objective": "loss", "epochs": 3, **settings}
    return sweep(function, data=(arrays["x"], arrays["y"]), **options)


def test_processes_have_the_numbers_of_this_one(folder: Path, plain: dict[str, Any]):
    here = sweep(plain, output="here")
    there = sweep({**plain, "workers": 2}, output="there")
    assert numbers(here) == numbers(there)
    assert here.path.read_bytes() == there.path.read_bytes()
    assert sorted(path.name for path in there.folder.iterdir()) == [
        "best.nnc",
        "journal.jsonl",
        "programs",
        "report.json",
        "sweep.svg",
        "trials.csv",
    ]


def test_a_killed_process_is_followed_by_another(folder: Path):
    expected = built(builders.build, output="expected")
    found = built(builders.dying_once, output="found", workers=1)
    assert Path("died").exists()
    assert numbers(found) == numbers(expected)


@pytest.mark.slow
def test_what_kills_its_process_each_time_fails_and_others_do_not(folder: Path):
    expected = built(builders.build, output="expected")
    found = built(builders.dying_always, output="found", workers=1)
    assert [trial.status for trial in found.trials] == ["complete", "complete", "failed", "failed"]
    assert {trial.error for trial in found.trials[2:]} == {"its process was ended by the signal SIGKILL twice"}
    assert numbers(found)[:2] == numbers(expected)[:2]
    assert found.best.number in (0, 1)


def test_an_error_in_a_function_is_that_of_its_trial(folder: Path):
    for workers in (0, 1):
        found = built(builders.raising, output=f"with-{workers}", workers=workers)
        assert [trial.error for trial in found.trials] == ["", "", *["ZeroDivisionError: no four"] * 2]


def test_a_function_that_no_process_can_import_is_refused(folder: Path):
    with pytest.raises(ModelError, match="build cannot be sent to other processes: define it in a module"):
        built(lambda parameters: builders.build(parameters), workers=2)


SWEEP = """\
model: base.yaml
data: points.npz
validation_split: 0.25
epochs: 40
batch_size: 4
replicas: 3
backend: numpy
space:
  layers.0.units: [2, 3, 4]
  optimizer.learning_rate: [0.125, 0.25, 0.5, 1, 2]
workers: 2
"""


class Cut:
    """A sweep in a process of its own, which can be killed."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nnc", "sweep", "sweep.yaml", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "NNC_BACKEND": "numpy"},
            start_new_session=True,
        )

    def wait_for(self, folder: Path, records: int) -> None:
        """Return when the journal has so many lines."""
        path = folder / NAME
        while self.process.poll() is None and not (path.exists() and path.read_bytes().count(b"\n") >= records):
            time.sleep(0.005)

    def workers(self) -> list[int]:
        """The processes that it has started."""
        found = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in found.iterdir() for pid in (task / "children").read_text().split()]


@pytest.fixture
def long_sweep(folder: Path) -> None:
    """Put the sweep into the folder."""
    (folder / "sweep.yaml").write_text(SWEEP)


_EXPECTED: list[SweepResult] = []


@pytest.fixture
def expected(long_sweep: None, tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    """Return what the sweep finds where nobody cuts it; it is run once."""
    if not _EXPECTED:
        _EXPECTED.append(sweep("sweep.yaml", output=tmp_path_factory.mktemp("whole"), workers=0))
    return _EXPECTED[0]


def killed(after: int, delay: float = 0.0) -> None:
    """Begin the sweep, or go on with it, and kill all of it after some records."""
    cut = Cut("-o", "cut", "--resume")
    cut.wait_for(Path("cut"), after)
    time.sleep(delay)
    os.killpg(cut.process.pid, signal.SIGKILL)
    cut.process.communicate()


def check_goes_on(expected: SweepResult) -> None:
    lines = Path("cut", NAME).read_bytes().splitlines() if Path("cut", NAME).exists() else []
    found = sweep("sweep.yaml", output="cut", resume=True, workers=0)
    assert numbers(found) == numbers(expected)
    assert found.best.number == expected.best.number
    assert found.path.read_bytes() == expected.path.read_bytes()
    assert Path("cut", NAME).read_bytes().splitlines()[: len(lines) - 1] == lines[:-1]


def test_a_killed_sweep_goes_on(expected: SweepResult):
    killed(after=2)
    assert 0 < Path("cut", NAME).read_bytes().count(b"\n") < 7
    killed(after=4)
    check_goes_on(expected)


@pytest.mark.slow
def test_a_sweep_that_is_killed_at_any_time_goes_on(expected: SweepResult):
    random = numpy.random.default_rng(0)
    for _ in range(8):
        killed(int(random.integers(0, 7)), float(random.uniform(0, 0.5)))
    check_goes_on(expected)


@pytest.mark.slow
def test_a_killed_worker_of_a_file_costs_nothing(expected: SweepResult):
    cut = Cut("-o", "cut", "--json")
    cut.wait_for(Path("cut"), 2)
    os.kill(cut.workers()[0], signal.SIGKILL)
    output, said = cut.process.communicate()
    assert cut.process.returncode == 0, said
    report = json.loads(output)
    assert [trial["value"] for trial in report["trials"]] == [trial.value for trial in expected.trials]
    assert Path("cut", "best.nnc").read_bytes() == expected.path.read_bytes()


def test_workers_end_with_a_killed_sweep(long_sweep: None):
    cut = Cut("-o", "cut")
    cut.wait_for(Path("cut"), 2)
    workers = cut.workers()
    assert workers
    os.kill(cut.process.pid, signal.SIGKILL)
    cut.process.communicate()
    deadline = time.monotonic() + 30
    while any(_is_running(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_is_running(pid) for pid in workers)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_ctrl_c_gives_the_report_so_far(expected: SweepResult):
    cut = Cut("-o", "cut", "--json")
    cut.wait_for(Path("cut"), 3)
    os.killpg(cut.process.pid, signal.SIGINT)
    output, said = cut.process.communicate()
    assert cut.process.returncode == 130, said
    report = json.loads(output)
    assert report["interrupted"]
    assert 0 < len(report["trials"]) < 15
    for trial in report["trials"]:
        assert trial["value"] == expected.trials[trial["trial"]].value
    assert "interrupted; go on with: nnc sweep sweep.yaml --resume -o cut" in said
    assert Path("cut", "best.nnc").exists()
    check_goes_on(expected)
