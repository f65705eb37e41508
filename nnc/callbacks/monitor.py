"""Common parts of callbacks that watch a number: which way is better, and by how much."""

from __future__ import annotations

import re
import warnings
from math import isnan
from typing import Any

import numpy

from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.replicas import Numbers, Which, chosen, replicas_of, trained
from nnc.checks import is_number
from nnc.errors import DataError, ModelError

_RISING = re.compile(
    r"acc|auc|precision|recall|sensitivity|specificity|f1|fbeta|f_beta|iou|r2|true_positives|true_negatives"
    r"|correlation|cosine_similarity|dice"
)
_FALLING = re.compile(
    r"loss|error|entropy|mae|mse|mape|msle|rmse|hinge|divergence|poisson|logcosh|log_cosh|squared|absolute|false_"
)


def check_mode(where: str, key: str, value: Any) -> Any:
    """Return ``min``, ``max`` or ``auto``, which stands for anything else, as in Keras."""
    if value in ("auto", "min", "max"):
        return value
    warnings.warn(f"{where} {key} '{value}' is unknown, fallback to auto mode.", stacklevel=5)
    return "auto"


def check_limit(where: str, key: str, value: Any) -> Any:
    """Return a number, which may be infinite, such as the patience of one that never stops.

    Raises:
        ModelError: it is none.
    """
    if not is_number(value) or isnan(value):
        raise ModelError(f"{where}: {key} must be a number, got {value!r}")
    return value


class Monitor(DeclaredCallback):
    """Watches one of the logs; a subclass declares as arguments what is not as here.

    Attributes:
        monitor: its name.
        mode: ``min`` or ``max``; ``auto`` knows losses and metrics by their names.
        min_delta: smallest change that is an improvement.
        best: the best number so far; of replicas an array with that of each.
    """

    monitor = "val_loss"
    mode = "auto"
    min_delta = 0.0

    def __post_init__(self) -> None:
        self.min_delta = abs(self.min_delta)
        self.best: Numbers = None

    @property
    def rises(self) -> bool:
        """Whether larger is better.

        Raises:
            ModelError: the name does not say.
        """
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if _FALLING.search(name):
            return False
        if _RISING.search(name):
            return True
        raise ModelError(
            f"{type(self).__name__}: whether '{self.monitor}' should rise or fall cannot be told from its name; give"
            " mode='max' or mode='min'"
        )

    def is_improvement(self, value: Numbers, reference: Numbers) -> Any:
        """Return whether a number is better than another; any is better than None."""
        if reference is None:
            return True
        return value - self.min_delta > reference if self.rises else value + self.min_delta < reference

    def current(self, logs: Logs) -> Numbers:
        """Return the number that is watched, or an array with that of each replica; None where it is missing.

        Raises:
            DataError: there are several for each replica.
        """
        found, count = (logs or {}).get(self.monitor), replicas_of(self.model)
        if found is None or count is None:
            return found
        numbers = numpy.asarray(found, "float64")
        if numbers.shape not in ((), (count,)):
            raise DataError(
                f"{type(self).__name__}: monitor '{self.monitor}' must be one number for each of {count} replicas, got"
                f" an array of shape {numbers.shape}"
            )
        return numpy.broadcast_to(numbers, (count,))

    def improves(self, current: Numbers, reference: Numbers) -> Which:
        """Return whether a number is better than another; never for replicas that stopped before this epoch."""
        better = self.is_improvement(current, reference)
        return bool(better) if replicas_of(self.model) is None else trained(self.model) & better

    def best_replica(self, current: Numbers) -> int:
        """Return which replica has the best number, of those that are trained in this epoch."""
        worst = -numpy.inf if self.rises else numpy.inf
        known = trained(self.model) & ~numpy.isnan(current)
        numbers = numpy.where(known, current, worst)
        among = numpy.flatnonzero(known if known.any() else trained(self.model))
        return int(among[numbers[among].argmax() if self.rises else numbers[among].argmin()])

    def keep_best(self, improved: Which, current: Numbers) -> None:
        """Let the numbers of those that have improved be the best ones so far."""
        before = self.best
        if before is None:
            before = current if numpy.all(improved) else -numpy.inf if self.rises else numpy.inf
        self.best = chosen(improved, current, before)
