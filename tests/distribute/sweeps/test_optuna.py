"""The engine `optuna`: the same trials and numbers, its samplers, its pruners, its storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from tests.distribute.sweeps.cutting import SWEEP, killed

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)
STORAGE = "sqlite:///study.db"


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_the_same_trials_have_the_same_numbers(folder: Path, plain: dict[str, Any], sampler: str, workers: int):
    if sampler == "random":
        rate = {"log_uniform": [0.01, 1]}
        plain = {**plain, "trials": 9, "space": {**plain["space"], "optimizer.learning_rate": rate}}
    local = nnc.sweep(plain, output="local")
    found = nnc.sweep({**plain, "engine": "optuna", "workers": workers}, output="optuna")
    assert [(t.number, t.parameters, t.history) for t in found.trials] == [
        (t.number, t.parameters, t.history) for t in local.trials
    ]
    assert found.best.number == local.best.number
    assert found.path.read_bytes() == local.path.read_bytes()


def test_a_study_has_the_trials(folder: Path, plain: dict[str, Any]):
    space = {"layers.0.units": [2, 0], "optimizer": ["sgd", {"Adam": {"learning_rate": 0.5}}]}
    found = nnc.sweep({**plain, "space": space, "engine": "optuna", "optuna": {"storage": STORAGE, "study": "own"}})
    study = optuna.load_study(study_name="own", storage=STORAGE)
    assert study.best_value == found.best.value
    assert study.best_trial.user_attrs["nnc_trial"] == found.best.number
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]
    assert "units must be a positive integer" in study.trials[2].user_attrs["error"]
    assert list(study.trials[1].intermediate_values.values()) == found.trials[1].history["val_loss"]
    assert study.trials[1].params == {"layers.0.units": 2, "optimizer": '{"Adam": {"learning_rate": 0.5}}'}


def test_a_sampler_of_optunas_proposes(folder: Path, plain: dict[str, Any]):
    space = {"optimizer.learning_rate": {"log_uniform": [1e-3, 10]}, "layers.0.units": {"int": [2, 4]}}
    options = {"sampler": {"TPESampler": {"n_startup_trials": 6}}, "batch": 6, "storage": STORAGE}
    settings = {**plain, "space": space, "engine": "optuna", "optuna": options, "trials": 24}
    found = nnc.sweep(settings, seed=3)
    assert [trial.number for trial in found.trials] == list(range(24))
    assert {trial.status for trial in found.trials} == {"complete"}
    assert any(trial.together > 1 for trial in found.trials)
    study = optuna.load_study(study_name="nnc", storage=STORAGE)
    assert study.best_value == found.best.value
    assert {t.user_attrs["nnc_trial"]: t.params for t in study.trials} == {t.number: t.parameters for t in found.trials}
    Path("study.db").unlink()
    again = nnc.sweep(settings, seed=3, output="again")
    assert [trial.parameters for trial in again.trials] == [trial.parameters for trial in found.trials]


def test_a_pruner_ends_trials_by_themselves(folder: Path, plain: dict[str, Any]):
    settings = {**plain, "epochs": 12, "batch_size": 8}
    whole = nnc.sweep(settings, output="whole")
    for workers in (0, 1):
        options = {"pruner": {"MedianPruner": {"n_startup_trials": 2, "n_warmup_steps": 2}}}
        found = nnc.sweep(
            {**settings, "engine": "optuna", "optuna": options, "workers": workers}, output=f"pruned-{workers}"
        )
        ended = [trial for trial in found.trials if trial.status == "pruned"]
        assert ended
        assert all(3 <= trial.epochs < 12 for trial in ended)
        assert all(trial.epochs == 12 for trial in found.trials if trial.status == "complete")
        assert found.best.status == "complete"
        for trial, other in zip(found.trials, whole.trials, strict=True):
            numpy.testing.assert_array_equal(trial.history["val_loss"], other.history["val_loss"][: trial.epochs])


@pytest.mark.slow
def test_a_killed_sweep_goes_on_with_its_study(folder: Path):
    Path("sweep.yaml").write_text(f"{SWEEP}engine: optuna\noptuna: {{storage: '{STORAGE}'}}\n")
    expected = nnc.sweep("sweep.yaml", output="whole", engine="local", optuna={}, workers=0)
    killed(after=3)
    found = nnc.sweep("sweep.yaml", output="cut", resume=True, workers=0)
    assert [(t.number, t.history) for t in found.trials] == [(t.number, t.history) for t in expected.trials]
    study = optuna.load_study(study_name="nnc", storage=STORAGE)
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert {trial.user_attrs["nnc_trial"]: trial.value for trial in complete} == {
        trial.number: trial.value for trial in found.trials
    }
    assert not [trial for trial in study.trials if trial.state.name == "RUNNING"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pruner": "MedianPrunr"}, "there is no pruner 'MedianPrunr', only .* Did you mean 'MedianPruner'"),
        ({"pruner": {"MedianPruner": {"startup": 1}}}, "MedianPruner: .*startup"),
        ({"sampler": "TPSampler"}, "there is no sampler 'TPSampler'.* Did you mean 'TPESampler'"),
        ({"sampler": "GridSampler"}, "leave out optuna's sampler, and take sampler: grid"),
        ({"storage": "nosql://x"}, "the study 'nnc' cannot be opened: "),
    ],
)
def test_what_optuna_does_not_have_is_refused(folder: Path, plain: dict[str, Any], options: Any, message: str):
    trials = {"trials": 4} if "sampler" in options else {}
    with pytest.raises((DataError, ModelError), match=message):
        nnc.sweep({**plain, **trials, "engine": "optuna", "optuna": options})


def test_studies_of_others_are_not_mixed_in(folder: Path, plain: dict[str, Any]):
    study = optuna.create_study(study_name="nnc", storage=STORAGE)
    study.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(DataError, match="the study 'nnc' has trials of another sweep; name another one"):
        nnc.sweep({**plain, "engine": "optuna", "optuna": {"storage": STORAGE}})
