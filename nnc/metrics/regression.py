"""The losses of numbers as metrics."""

from __future__ import annotations

from nnc.ir import Value
from nnc.losses import mean_absolute_error, mean_squared_error
from nnc.metrics.metric import Metric


class MeanSquaredError(Metric):
    """The mean of squared errors; see `nnc.losses.mean_squared_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return the mean over the last axis, shape (batch, …)."""
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Metric):
    """The mean of absolute errors; see `nnc.losses.mean_absolute_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return the mean over the last axis, shape (batch, …)."""
        return mean_absolute_error(y_true, y_pred)
