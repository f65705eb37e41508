"""A command line to call in this process, and files to call it on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from typer.testing import CliRunner, Result

from nnc.cli import app
from nnc.data import Dataset

EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a model file and points to train on."""
    shutil.copy(EXAMPLES / "base.yaml", tmp_path)
    points = Dataset(size=40, seed=2)
    numpy.savez(tmp_path / "points.npz", x=points.X, y=points.Y)
    numpy.save(tmp_path / "x.npy", points.X)
    rows = numpy.hstack([points.X, points.Y])
    numpy.savetxt(tmp_path / "points.csv", rows, delimiter=",", header="left,right,label", comments="", fmt="%.9g")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Return a function that runs a command line in the working folder and checks its exit code."""

    def call(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return call
