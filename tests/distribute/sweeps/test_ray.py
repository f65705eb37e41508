"""The engine `ray`: the same trials and numbers, ASHA, workers that die; it takes seconds to start."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.distribute.sweeps import SweepResult
from nnc.distribute.sweeps.journal import NAME
from nnc.errors import ModelError, NncError
from tests.distribute.sweeps import builders
from tests.distribute.sweeps.cutting import Cut, check_goes_on, numbers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray"),
    pytest.mark.filterwarnings("ignore"),  # those of Ray and of its parts
]


def test_the_same_trials_have_the_same_numbers(folder: Path, plain: dict[str, Any]):
    rate = {"log_uniform": [0.01, 1]}
    space = {**plain["space"], "layers.0.units": [2, 3, 0], "optimizer.learning_rate": rate}
    settings = {**plain, "space": space, "trials": 12}
    local = nnc.sweep(settings, output="local")
    found = nnc.sweep({**settings, "engine": "ray", "workers": 2}, output="ray")
    assert numbers(found) == numbers(local)
    assert found.best.number == local.best.number
    assert found.path.read_bytes() == local.path.read_bytes()
    if importlib.util.find_spec("optuna") is not None:
        third = nnc.sweep({**settings, "engine": "optuna"}, output="optuna")
        assert numbers(third) == numbers(local)
        assert third.path.read_bytes() == local.path.read_bytes()
    again = nnc.sweep({**settings, "engine": "ray"}, output="local", resume=True)
    assert numbers(again) == numbers(local)


def test_asha_ends_trials(folder: Path, plain: dict[str, Any]):
    settings = {**plain, "epochs": 16, "batch_size": 8}
    whole = nnc.sweep(settings, output="whole")
    asha = {"grace_period": 2, "reduction_factor": 3}
    found = nnc.sweep({**settings, "engine": "ray", "ray": {"asha": asha}, "workers": 2}, output="asha")
    ended = [trial for trial in found.trials if trial.status == "pruned"]
    assert ended
    assert all(trial.epochs < 16 for trial in ended)
    assert all(trial.epochs == 16 for trial in found.trials if trial.status == "complete")
    assert found.best.status == "complete"
    for trial, other in zip(found.trials, whole.trials, strict=True):
        numpy.testing.assert_allclose(trial.history["val_loss"], other.history["val_loss"][: trial.epochs], rtol=1e-5)
    arrays = numpy.load("points.npz")
    assert found.program.predict(arrays["x"], verbose=0).shape == (64, 1)


def test_a_killed_worker_costs_no_more_than_its_trial(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIED", str(folder / "died"))
    arrays = numpy.load("points.npz")
    space = {"units": [3, 4], "learning_rate": [0.125, 0.5]}
    options: dict[str, Any] = {"space": space, "data": (arrays["x"], arrays["y"]), "objective": "loss", "epochs": 3}
    expected = nnc.sweep(builders.build, output="expected", **options)
    once = nnc.sweep(builders.dying_once, output="once", engine="ray", **options)
    assert (folder / "died").exists()
    assert numbers(once) == numbers(expected)
    always = nnc.sweep(builders.dying_always, output="always", engine="ray", **options)
    assert [trial.status for trial in always.trials] == ["complete", "complete", "failed", "failed"]
    assert all(trial.error for trial in always.trials[2:])


def test_ctrl_c_gives_the_report_so_far(expected: SweepResult):
    cut = Cut("-o", "cut", "--json", "--engine", "ray")
    cut.wait_for(Path("cut"), 2)
    os.kill(cut.process.pid, signal.SIGINT)
    output, said = cut.process.communicate()
    assert cut.process.returncode == 130, said
    report = json.loads(output)
    assert report["interrupted"]
    assert 0 < len(report["trials"]) < 15
    check_goes_on(expected)


def test_a_killed_sweep_goes_on(expected: SweepResult):
    cut = Cut("-o", "cut", "--engine", "ray")
    cut.wait_for(Path("cut"), 2)
    cut.process.kill()
    cut.process.communicate()
    assert 2 <= Path("cut", NAME).read_bytes().count(b"\n") < 7
    check_goes_on(expected, engine="ray")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no cluster of Ray answers at '127.0.0.1:1'"),
        ("here", "ray: address must be HOST:PORT, or auto"),
    ],
)
def test_an_address_where_there_is_no_cluster(folder: Path, plain: dict[str, Any], address: str, message: str):
    with pytest.raises(NncError, match=message):
        nnc.sweep({**plain, "engine": "ray", "ray": {"address": address}})


@pytest.mark.parametrize(
    ("asha", "message"),
    [
        ({"grace": 1}, "asha has no 'grace', only grace_period, reduction_factor, brackets. Did you mean"),
        ({"grace_period": 0}, "grace_period must be a positive integer, got 0"),
        ({"reduction_factor": 1}, "reduction_factor must be a number above 1, got 1"),
        ("yes", "asha must be a mapping of grace_period"),
    ],
)
def test_what_asha_does_not_have_is_refused(folder: Path, plain: dict[str, Any], asha: Any, message: str):
    with pytest.raises(ModelError, match=message):
        nnc.sweep({**plain, "engine": "ray", "ray": {"asha": asha}})
