"""The same small model, data and first weights for nnc and for Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy

ROWS = 40
_ROOT = Path(__file__).parents[2]
_SCRIPT = """
import importlib, os, sys
from nnc.callbacks import Callback

class Killed(Callback):
    batches = 0
    def on_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches == int(sys.argv[2]):
            os.kill(os.getpid(), 9)

importlib.import_module(sys.argv[1]).train(sys.argv[3], eval(sys.argv[4]), [Killed()])
"""


def arrays() -> tuple[Any, Any]:
    generator = numpy.random.default_rng(3)
    x = generator.normal(size=(ROWS, 3)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2] + 0.1 * generator.normal(size=(ROWS, 1))).astype("float32")


def network(module: Any, optimizer: Any = None, metrics: tuple[str, ...] = ("mae",)) -> Any:
    model = module.Sequential(
        [module.layers.Input((3,)), module.layers.Dense(4, activation="tanh"), module.layers.Dense(1)]
    )
    model.compile(optimizer=optimizer or module.optimizers.SGD(0.1), loss="mse", metrics=list(metrics))
    generator = numpy.random.default_rng(1)
    model.set_weights([generator.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def fit(model: Any, callbacks: Any, **options: Any) -> Any:
    x, y = arrays()
    given = {"batch_size": 8, "epochs": 5, "shuffle": False, "verbose": 0, "validation_data": (x[:10], y[:10])}
    return model.fit(x, y, callbacks=callbacks, **(given | options))


def train_until_killed(module: str, batches: int, folder: Path, save_freq: Any) -> None:
    """Call `train(folder, save_freq, callbacks)` of a module in a process that is killed after so many batches."""
    command = [sys.executable, "-c", _SCRIPT, module, str(batches), str(folder), repr(save_freq)]
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    assert subprocess.run(command, cwd=_ROOT, env=environment, check=False).returncode == -9
