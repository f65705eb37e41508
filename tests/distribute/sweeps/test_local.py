"""Processes that train, what happens when they are killed, and when the sweep is."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

from nnc.distribute.sweeps import SweepResult, sweep
from nnc.distribute.sweeps.journal import NAME
from nnc.errors import ModelError
from tests.distribute.sweeps import builders
from tests.distribute.sweeps.cutting import Cut, check_goes_on, killed, numbers

SPACE = {"units": [3, 4], "learning_rate": [0.125, 0.5]}


def built(function: Any, **settings: Any) -> SweepResult:
    arrays = numpy.load("points.npz")
    options = {"space": SPACE, "objective": "loss", "epochs": 3, **settings}
    return sweep(function, data=(arrays["x"], arrays["y"]), **options)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_killed_process_is_followed_by_another(folder: Path):
    expected = built(builders.build, output="expected", replicas=1)
    found = built(builders.dying_once, output="found", workers=1, replicas=1)
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
