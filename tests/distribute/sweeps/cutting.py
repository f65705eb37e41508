"""Sweeps in processes of their own, which are killed and go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nnc.distribute.sweeps import SweepResult, sweep
from nnc.distribute.sweeps.journal import NAME

ROOT = Path(__file__).parents[3]
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


def numbers(result: SweepResult) -> list[Any]:
    """What trials have found, without how long it took."""
    return [(trial.number, trial.parameters, trial.status, trial.history, trial.value) for trial in result.trials]


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


def killed(after: int, delay: float = 0.0) -> None:
    """Begin the sweep, or go on with it, and kill all of it after some records."""
    cut = Cut("-o", "cut", "--resume")
    cut.wait_for(Path("cut"), after)
    time.sleep(delay)
    os.killpg(cut.process.pid, signal.SIGKILL)
    cut.process.communicate()


def check_goes_on(expected: SweepResult, engine: str = "local") -> None:
    """Check that the cut sweep finds what one finds that nobody cuts, and trains nothing again."""
    lines = Path("cut", NAME).read_bytes().splitlines() if Path("cut", NAME).exists() else []
    found = sweep("sweep.yaml", output="cut", resume=True, engine=engine, workers=0)
    assert numbers(found) == numbers(expected)
    assert found.best.number == expected.best.number
    assert found.path.read_bytes() == expected.path.read_bytes()
    assert Path("cut", NAME).read_bytes().splitlines()[: len(lines) - 1] == lines[:-1]
