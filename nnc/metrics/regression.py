"""The losses of numbers as metrics."""

from __future__ import annotations

from nnc.losses import mean_absolute_error, mean_squared_error
from nnc.losses.measure import FunctionMeasure
from nnc.metrics.metric import Metric


class MeanSquaredError(FunctionMeasure, Metric):
    """The mean of squared errors; see `nnc.losses.mean_squared_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_squared_error

    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class MeanAbsoluteError(FunctionMeasure, Metric):
    """The mean of absolute errors; see `nnc.losses.mean_absolute_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_absolute_error

    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
