"""Common parts of callbacks that watch a number: which way is better, and by how much."""

from __future__ import annotations

import re
import warnings

from nnc.callbacks.callback import Callback
from nnc.choices import MonitorMode
from nnc.errors import ModelError

_RISING = re.compile(
    r"acc|auc|precision|recall|sensitivity|specificity|f1|fbeta|f_beta|iou|r2|true_positives|true_negatives"
    r"|correlation|cosine_similarity|dice"
)
_FALLING = re.compile(
    r"loss|error|entropy|mae|mse|mape|msle|rmse|hinge|divergence|poisson|logcosh|log_cosh|squared|absolute|false_"
)


class Monitor(Callback):
    """Watches one of the logs.

    Args:
        monitor: its name.
        mode: ``min`` or ``max``; ``auto`` knows losses and metrics by their names.
        baseline: what must be improved on first.
        min_delta: smallest change that is an improvement.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: MonitorMode = "auto",
        baseline: float | None = None,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)

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
