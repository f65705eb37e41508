"""`nnc diff`: what is printed, and exit codes that scripts can go by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def other(folder: Path) -> Path:
    """Return a model file with another activation and learning rate."""
    text = (folder / "base.yaml").read_text()
    path = folder / "other.yaml"
    path.write_text(text.replace("units: 2, activation: sigmoid", "units: 2, activation: tanh").replace("0.1", "0.2"))
    return path


def test_equal_models(run: Run) -> None:
    run("compile", "base.yaml", "-o", "base.nnc")
    result = run("diff", "base.yaml", "base.nnc")
    assert (result.stdout, result.stderr) == ("", "base.yaml and base.nnc do not differ\n")
    result = run("diff", "base.yaml", "base.nnc", "--data", "points.csv", "--target", "label")
    assert result.stderr == "base.yaml and base.nnc do not differ, nor do the 3 arrays they compute (to 0.0001)\n"


def test_differences(run: Run, other: Path) -> None:
    result = run("diff", "base.yaml", "other.yaml", code=1)
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "changed dense (Dense): activation: 'sigmoid' → 'tanh'",
        "training optimizer.learning_rate: 0.1 → 0.2",
    ]
    assert lines[2] == ""
    assert result.stderr == "base.yaml and other.yaml differ\n"


def test_outputs(run: Run, other: Path) -> None:
    result = run("diff", "base.yaml", "other.yaml", "--data", "x.npy", code=1)
    assert result.stderr.startswith("first difference: forward at 'dense' (Dense), shape (40, 2): largest difference ")
    accepted = run("diff", "base.yaml", "other.yaml", "--data", "x.npy", "--rtol", "10", code=1)
    assert accepted.stderr == "base.yaml and other.yaml differ; the 3 arrays they compute do not (to 10)\n"


def test_weights(run: Run) -> None:
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "2", "-o", "trained.nnc")
    result = run("diff", "base.yaml", "trained.nnc", "--json", code=1)
    data = json.loads(result.stdout)
    assert data["layers"] == []
    assert [weight["path"] for weight in data["weights"]] == [
        "dense/kernel",
        "dense/bias",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    assert all(weight["norm"] > 0 for weight in data["weights"])
    assert "Norm of difference" in run("diff", "base.yaml", "trained.nnc", code=1).stdout


def test_trouble_is_told_from_differences(run: Run, folder: Path) -> None:
    assert run("diff", "base.yaml", "nothing.nnc", code=2).stderr == "error: nothing.nnc: No such file or directory\n"
    assert "no such model file" in run("diff", "nothing.yaml", "base.yaml", code=2).stderr
    (folder / "broken.yaml").write_text("layers: [Dens: {units: 1}]")
    assert "Did you mean 'Dense'?" in run("diff", "base.yaml", "broken.yaml", code=2).stderr
    assert "--rtol and --atol are for what" in run("diff", "base.yaml", "base.yaml", "--rtol", "1", code=2).stderr
    run("diff", "base.yaml", code=2)
