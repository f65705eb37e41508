"""Sweeps: many trials of a model, which differ in what a space says, trained by processes, Optuna or Ray."""

from nnc.distribute.sweeps.result import SweepResult
from nnc.distribute.sweeps.running import sweep
from nnc.distribute.sweeps.trials import Trial

__all__ = ["SweepResult", "Trial", "sweep"]
