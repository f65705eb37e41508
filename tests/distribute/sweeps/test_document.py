"""Sweep files: what they say, and that each mistake is named with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nnc.distribute.sweeps.document import Objective, read_document
from nnc.errors import ModelError, ModelFileError

GOOD = """\
model: base.yaml
data: points.npz
validation_split: 0.25
space:
  layers.0.units: [2, 4]
"""


def read(text: str, folder: Path) -> Any:
    (folder / "sweep.yaml").write_text(text)
    return read_document("sweep.yaml")


def test_what_a_file_says(folder: Path):
    found = read(f"{GOOD}  optimizer.learning_rate: {{log_uniform: [1e-3, 1]}}\ntrials: 7\nseed: 3\n", folder)
    assert (found.sampler, found.trials, found.engine, found.workers, found.settings.seed) == (
        "random",
        7,
        "local",
        1,
        3,
    )
    assert found.settings.objective == Objective("val_loss", "min")
    assert list(found.space) == ["layers.0.units", "optimizer.learning_rate"]
    assert found.model["layers"][0] == {"Dense": {"units": 2, "activation": "sigmoid"}}
    assert read(GOOD, folder).sampler == "grid"


def test_files_are_looked_for_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "sweep.yaml").write_text(GOOD)
    (folder / "else").mkdir()
    monkeypatch.chdir(folder / "else")
    assert read_document("../sweep.yaml").settings.data == Path("../points.npz")
    assert read_document("../sweep.yaml", {"data": "x.csv"}).settings.data == Path("x.csv")


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("val_accuracy", Objective("val_accuracy", "max")),
        ("loss", Objective("loss", "min")),
        ("{metric: val_loss, mode: max}", Objective("val_loss", "max")),
    ],
)
def test_objectives(folder: Path, objective: str, expected: Objective):
    assert read(f"{GOOD}objective: {objective}\n", folder).settings.objective == expected


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "units:",
            "unit:",
            "line 5: space: 'layers.0.unit' leads nowhere in the model. Did you mean 'layers.0.units'?",
        ),
        ("layers.0.units", "epoch", "line 5: space: 'epoch' leads nowhere in the model. Did you mean 'epochs'?"),
        (
            "layers.0.units: [2, 4]",
            "epochs: [0]",
            "line 5: space: epochs: sweep: epochs must be a positive integer, got 0",
        ),
        (
            "layers.0.units: [2, 4]",
            "epochs: {uniform: [1, 2]}",
            "line 5: space: epochs: takes whole numbers: give {int: [LOW, HIGH]}, or a list",
        ),
        ("[2, 4]", "[]", "line 5: space: layers.0.units: expected a list of at least one value"),
        ("space:", "spaces:", "line 4: unknown key 'spaces'. Did you mean 'space'?"),
        (
            "validation_split: 0.25",
            "validation_split: 1",
            "line 3: validation_split must be a number from 0 to below 1",
        ),
        ("validation_split: 0.25", "epochs: 3", "the objective val_loss needs rows to validate on"),
        ("data: points.npz", "target: y", "there are no data; name a file of rows"),
        ("model: base.yaml", "model: base.keras", "line 1: model must be a file named *.yaml or *.yml or *.json"),
        ("model: base.yaml", "seed: 1", "model must be a model file, or what stands in one; there is none"),
        ("space:", "trials: 3\nsampler: grid\nspace:", "line 4: a grid has all its trials; leave out trials"),
        ("space:", "sampler: randon\nspace:", "line 4: sampler must be one of grid, random, got 'randon'."),
        ("space:", "engine: locale\nspace:", "line 4: engine must be one of local, optuna, ray, got 'locale'."),
        ("[2, 4]", "{int: [2, 9], points: 2}\nsampler: random", "line 6: say how many random trials there are"),
        ("[2, 4]", "[2, 4]\n  optimizer.learning_rate: {uniform: [0, 1]}\nsampler: grid", "add points: 5 beside it"),
        (
            "space:",
            "objective: swiftness\nspace:",
            "line 4: objective: say whether 'swiftness' is to be small or large",
        ),
        ("space:", "objective: {metrics: loss}\nspace:", "objective has no 'metrics', only metric, mode. Did you mean"),
        ("space:", "optuna: {prunner: x}\nspace:", "optuna has no 'prunner', only .* Did you mean 'pruner'?"),
        ("space:", "optuna: {pruner: x}\nspace:", "optuna: pruner is for engine: optuna"),
        ("space:", "optuna: {storage: x}\nspace:", "optuna: storage is for engine: optuna"),
        ("space:", "ray: {cpus: 2}\nspace:", "ray: cpus is for engine: ray"),
        ("space:", "ray: {asha: {}}\nspace:", "asha is for engine: ray"),
        (
            "space:",
            "engine: optuna\noptuna: {sampler: TPESampler}\nspace:",
            "say how many trials Optuna's sampler is to",
        ),
        ("space:", "workers: -1\nspace:", "line 4: workers must be an integer of at least 0, got -1"),
    ],
)
def test_each_mistake_is_named(folder: Path, before: str, after: str, message: str):
    assert before in GOOD
    with pytest.raises(ModelFileError) as caught:
        read(GOOD.replace(before, after), folder)
    pattern = re.escape(message).replace(r"\.\*", ".*")
    assert re.search(pattern, str(caught.value)), str(caught.value)


def test_all_mistakes_are_in_one_error(folder: Path):
    with pytest.raises(ModelFileError) as caught:
        read(GOOD.replace("units", "unit").replace("0.25", "2") + "trial: 3\n", folder)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "sweep.yaml line 3",
        "sweep.yaml line 5",
        "sweep.yaml line 6",
    ]


def test_files_that_are_none(folder: Path):
    with pytest.raises(ModelError, match="no such model file"):
        read_document("swep.yaml")
    with pytest.raises(ModelError, match="a sweep is read from a file named"):
        read_document("sweep.toml")
    with pytest.raises(ModelFileError, match="expected a mapping with model, data and space"):
        read("- a\n", folder)


def test_arrays_take_the_place_of_a_file(folder: Path):
    given = {"model": "base.yaml", "space": {"seed": [1, 2]}, "validation_split": 0.5}
    assert read_document(given, has_arrays=True).settings.data is None
    with pytest.raises(ModelFileError, match="data are given twice"):
        read_document({**given, "data": "points.npz"}, has_arrays=True)
    with pytest.raises(ModelFileError, match="leave out validation_split"):
        read_document(given, has_arrays=True, validates=True)
    with pytest.raises(ModelFileError, match="a function builds the models; leave out model"):
        read_document(given, builds=True, has_arrays=True)
