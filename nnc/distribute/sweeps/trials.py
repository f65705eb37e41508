"""A sweep's trials: their parameters, what became of each, and the model files of trials."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnc.distribute.sweeps.document import TRAINING, Document
from nnc.distribute.sweeps.model_paths import with_value
from nnc.distribute.sweeps.space import draws, grid

COMPLETE, FAILED, PRUNED = "complete", "failed", "pruned"


@dataclass(frozen=True)
class Trial:
    """One point of the space, and what became of it.

    Args:
        number: its number, from 0.
        parameters: the values of the space's parameters.
        status: ``complete``, ``failed``, or ``pruned`` where a pruner ended it.
        value: the objective in the epoch that its weights are of; None where it failed.
        metrics: loss and metrics in that epoch.
        history: loss and metrics by epoch.
        error: why it failed.
        together: how many trials were trained in one plan with it, itself included.
        seconds: how long that took.
    """

    number: int
    parameters: Mapping[str, Any]
    status: str = ""
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict, repr=False)
    error: str = ""
    together: int = 1
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """Number of epochs that it was trained for."""
        return max(map(len, self.history.values()), default=0)


def planned(document: Document) -> list[Trial]:
    """Return the trials that a grid, or a seed, decides."""
    if document.sampler == "grid":
        points = grid(document.space)
    else:
        points = list(itertools.islice(draws(document.space, document.settings.seed), document.trials))
    return [Trial(number, point) for number, point in enumerate(points)]


def model_values(document: Document, trial: Trial) -> dict[str, Any]:
    """Return the values of a trial's model file.

    Raises:
        NoSuchPathError: a path of the space leads nowhere in it.
    """
    values: dict[str, Any] = copy.deepcopy(dict(document.model or {}))
    for name, value in trial.parameters.items():
        if name not in TRAINING:
            values = with_value(values, name, value)
    return values


def training_of(document: Document, trial: Trial) -> dict[str, Any]:
    """Return epochs, rows of a batch, patience and seed of a trial."""
    return {name: trial.parameters.get(name, getattr(document.settings, name)) for name in TRAINING}
