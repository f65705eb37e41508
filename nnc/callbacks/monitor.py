"""Common parts of callbacks that watch a number: which way is better, and by how much."""

from __future__ import annotations

import re
import warnings
from math import isnan
from typing import Any

from nnc.callbacks.callback import DeclaredCallback
from nnc.checks import is_number
from nnc.errors import ModelError

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
        best: the best number so far.
    """

    monitor = "val_loss"
    mode = "auto"
    min_delta = 0.0

    def __post_init__(self) -> None:
        self.min_delta = abs(self.min_delta)
        self.best: float | None = None

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

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Return whether a number is better than another; any is better than None."""
        if reference is None:
            return True
        return value - self.min_delta > reference if self.rises else value + self.min_delta < reference
