"""Metrics of numbers: most are the losses of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from nnc import ops
from nnc.ir import Value
from nnc.losses import cosine_similarity as cosine_loss
from nnc.losses import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from nnc.losses.arguments import checked_axis
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import like_output
from nnc.metrics.metric import Metric, mean_parts
from nnc.metrics.sums import SumsMetric


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


class MeanAbsolutePercentageError(FunctionMeasure, Metric):
    """The mean of absolute errors in per cent of the targets; see `nnc.losses.mean_absolute_percentage_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_absolute_percentage_error

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class MeanSquaredLogarithmicError(FunctionMeasure, Metric):
    """The mean of squared differences of logarithms; see `nnc.losses.mean_squared_logarithmic_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_squared_logarithmic_error

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class LogCoshError(FunctionMeasure, Metric):
    """The mean of the logarithm of the error's hyperbolic cosine; see `nnc.losses.log_cosh`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = log_cosh

    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class RootMeanSquaredError(SumsMetric):
    """The root of the mean of squared errors (keras.io/api/metrics/regression_metrics).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    result_name = "root_mean"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the sum of squared errors and what to divide it by."""
        errors = ops.square(y_pred - like_output(y_true, y_pred, self._where))
        return mean_parts(errors, sample_weight, None, self._where)


def cosine_similarity(y_true: Value, y_pred: Value, axis: int = -1) -> Value:
    """Return the cosine of the angle between target and output; the loss is its negative.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.
        axis: axis that the vectors lie along; it is not in the result.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    return -cosine_loss(y_true, y_pred, axis)


class CosineSimilarity(FunctionMeasure, Metric):
    """The cosine of the angle between target and output.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: axis that the vectors lie along.

    Raises:
        ModelError: the axis is none.
    """

    function = cosine_similarity
    settings = ("axis",)
    unlisted = MappingProxyType({"axis": -1})

    def __init__(self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = checked_axis(self._where, axis)
