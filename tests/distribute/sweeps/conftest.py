"""A folder with points to train on, and sweeps of the base network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy
import pytest

from nnc.distribute.sweeps import SweepResult, sweep
from tests.distribute.sweeps.cutting import SWEEP

EXAMPLES = Path(__file__).parents[3] / "examples"
RATES = [0.03125, 0.25, 2.0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a model file and points around the corners of a square."""
    shutil.copy(EXAMPLES / "base.yaml", tmp_path)
    random = numpy.random.default_rng(0)
    corners = random.integers(0, 2, (64, 2))
    x = (corners + random.normal(scale=0.1, size=(64, 2))).astype("float32")
    y = (corners[:, 0] ^ corners[:, 1]).astype("float32")[:, None]
    numpy.savez(tmp_path / "points.npz", x=x, y=y)
    rows = numpy.hstack([x, y])
    numpy.savetxt(tmp_path / "points.csv", rows, delimiter=",", header="left,right,label", comments="", fmt="%.9g")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plain(folder: Path) -> dict[str, Any]:
    """Return a sweep of eighteen trials of two structures."""
    return {
        "model": "base.yaml",
        "data": "points.npz",
        "validation_split": 0.25,
        "epochs": 4,
        "space": {"layers.0.units": [2, 4], "optimizer.learning_rate": RATES, "seed": [0, 1, 2]},
        "workers": 0,
    }


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
