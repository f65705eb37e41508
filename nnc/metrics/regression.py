"""Metrics of numbers: most are the losses of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.arguments import passed_on, whole
from nnc.ir import Value, ops
from nnc.losses import cosine_similarity as cosine_loss
from nnc.losses import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from nnc.losses.measure import DeclaredMeasure
from nnc.losses.operands import like_output
from nnc.metrics.metric import FunctionMetric, mean_parts
from nnc.metrics.sums import SumsMetric


class MeanSquaredError(FunctionMetric, names=("MeanSquaredError", "mean_squared_error", "MSE", "mse")):
    """The mean of squared errors; see `nnc.losses.mean_squared_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_squared_error

    _name_given: str | None = passed_on(default="mean_squared_error", alias="name")


class MeanAbsoluteError(FunctionMetric, names=("MeanAbsoluteError", "mean_absolute_error", "MAE", "mae")):
    """The mean of absolute errors; see `nnc.losses.mean_absolute_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_absolute_error

    _name_given: str | None = passed_on(default="mean_absolute_error", alias="name")


class MeanAbsolutePercentageError(
    FunctionMetric, names=("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "MAPE", "mape")
):
    """The mean of absolute errors in per cent of the targets; see `nnc.losses.mean_absolute_percentage_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_absolute_percentage_error

    _name_given: str | None = passed_on(default="mean_absolute_percentage_error", alias="name")


class MeanSquaredLogarithmicError(
    FunctionMetric, names=("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "MSLE", "msle")
):
    """The mean of squared differences of logarithms; see `nnc.losses.mean_squared_logarithmic_error`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = mean_squared_logarithmic_error

    _name_given: str | None = passed_on(default="mean_squared_logarithmic_error", alias="name")


class LogCoshError(FunctionMetric, names=("LogCoshError", "log_cosh_error")):
    """The mean of the logarithm of the error's hyperbolic cosine; see `nnc.losses.log_cosh`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = log_cosh

    _name_given: str | None = passed_on(default="logcosh", alias="name")


class RootMeanSquaredError(DeclaredMeasure, SumsMetric, names=("RootMeanSquaredError", "root_mean_squared_error")):
    """The root of the mean of squared errors (keras.io/api/metrics/regression_metrics).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    result_name = "root_mean"

    _name_given: str | None = passed_on(default="root_mean_squared_error", alias="name")
    dtype: str | None = passed_on(default=None)

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


class CosineSimilarity(FunctionMetric, names=("CosineSimilarity", "cosine_similarity")):
    """The cosine of the angle between target and output.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: axis that the vectors lie along.

    Raises:
        ModelError: the axis is none.
    """

    function = cosine_similarity

    _name_given: str | None = passed_on(default="cosine_similarity", alias="name")
    axis: int = whole(default=-1, written="unless default")
