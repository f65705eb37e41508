"""The command `nnc sweep`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nnc
from tests.cli.conftest import Run

SWEEP = """\
model: base.yaml
data: points.csv
validation_split: 0.25
epochs: 3
workers: 0
space:
  layers.0.units: [2, 3]
  optimizer.learning_rate: [0.125, 0.5]
"""


@pytest.fixture
def sweep(folder: Path) -> Path:
    (folder / "sweep.yaml").write_text(SWEEP)
    return folder


def test_table_and_files(run: Run, sweep: Path) -> None:
    done = run("sweep", "sweep.yaml")
    lines = done.stdout.splitlines()
    assert lines[0] == "4 of 4 trials, the best by val_loss first"
    assert lines[1].split() == ["Trial", "layers.0.units", "optimizer.learning_rate", "val_loss", "Epochs"]
    losses = [float(line.split()[3]) for line in lines[3:7]]
    assert losses == sorted(losses)
    best = int(lines[3].split()[0])
    assert done.stderr.splitlines() == [
        "4 trials in 2 plans",
        *[line for line in done.stderr.splitlines() if " of 4 trials done; best: trial " in line],
        f"saved sweep/best.nnc, trial {best}; the report is in sweep",
    ]
    assert nnc.load("sweep/best.nnc").get_weights()[0].shape == (2, int(lines[3].split()[1]))


@pytest.mark.slow
def test_json_and_options(run: Run, sweep: Path) -> None:
    report = json.loads(run("sweep", "sweep.yaml", "--json", "-o", "out", "--epochs", "2", "--workers", "1").stdout)
    assert report["saved"] == "out/best.nnc"
    assert [trial["epochs"] for trial in report["trials"]] == [2] * 4
    again = json.loads(run("sweep", "sweep.yaml", "--json", "-o", "out", "--epochs", "2", "--resume").stdout)
    assert again == report
    error = run("sweep", "sweep.yaml", "-o", "out", code=1).stderr
    assert error.startswith("error: out has a sweep already, with 2 finished groups of trials: go on with --resume")
    random = SWEEP.replace("[0.125, 0.5]", "{log_uniform: [1e-2, 1]}")
    Path("random.yaml").write_text(random)
    assert "say how many random trials" in run("sweep", "random.yaml", code=1).stderr
    assert len(json.loads(run("sweep", "random.yaml", "--json", "--trials", "5").stdout)["trials"]) == 5


def test_errors_name_line_and_key(run: Run, sweep: Path) -> None:
    Path("sweep.yaml").write_text(SWEEP.replace("units", "unit") + "trails: 3\n")
    assert run("sweep", "sweep.yaml", code=1).stderr == (
        "error: sweep.yaml: 2 problems\n"
        "  sweep.yaml line 7: space: 'layers.0.unit' leads nowhere in the model. Did you mean 'layers.0.units'?\n"
        "  sweep.yaml line 9: unknown key 'trails'. Did you mean 'trials'?\n"
    )
    assert not Path("sweep").exists()


def test_failed_trials_are_counted(run: Run, sweep: Path) -> None:
    Path("sweep.yaml").write_text(SWEEP.replace("[2, 3]", "[2, 0]"))
    said = run("sweep", "sweep.yaml").stderr
    assert "2 trials failed, the first of them trial 2: layer 'dense' (Dense): units must be a positive integer" in said
    lost = "[{Constant: {value: 1e38}}, {Constant: {value: 3e38}}]\n  layers.0.activation: [linear]"
    Path("sweep.yaml").write_text(SWEEP.replace("units: [2, 3]", f"kernel_initializer: {lost}"))
    said = run("sweep", "sweep.yaml", "-o", "out", code=1).stderr
    assert "error: no trial is complete, of 4 that were trained; the first error: val_loss is " in said
