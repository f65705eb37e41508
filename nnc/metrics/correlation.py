"""Metrics of how far targets and outputs rise and fall together."""

from __future__ import annotations

from nnc.arguments import passed_on, whole
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.operands import like_output
from nnc.metrics.metric import FunctionMetric
from nnc.settings import SETTINGS


@takes_arrays
def pearson_correlation(y_true: Value, y_pred: Value, axis: int = -1) -> Value:
    """Return Pearson's correlation along an axis: the mean product of both, brought to mean 0 and deviation 1.

    Args:
        y_true: targets, shape (batch, …).
        y_pred: output of the same shape.
        axis: axis to correlate along; it is not in the result.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    labels = like_output(y_true, y_pred, "pearson_correlation")
    first, second = (x / ops.sqrt(ops.mean(ops.square(x), axis, keepdims=True)) for x in _centred(labels, y_pred, axis))
    return ops.mean(first * second, axis)


@takes_arrays
def concordance_correlation(y_true: Value, y_pred: Value, axis: int = -1) -> Value:
    """Return Lin's concordance along an axis: the correlation, less for other means and deviations.

    Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility, 1989; as in Keras the targets are
    centred by the outputs' mean.

    Args:
        y_true: targets, shape (batch, …).
        y_pred: output of the same shape.
        axis: axis to correlate along; it is not in the result.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    labels = like_output(y_true, y_pred, "concordance_correlation")
    first, second = (ops.mean(ops.square(x), axis, keepdims=True) for x in _centred(labels, y_pred, axis))
    true_mean, mean = ops.mean(labels, axis, keepdims=True), ops.mean(y_pred, axis, keepdims=True)
    common = (labels - mean) * (y_pred - mean)
    return ops.mean(common * 2.0 / (first + second + ops.square(true_mean - mean) + SETTINGS.epsilon), axis)


def _centred(y_true: Value, y_pred: Value, axis: int) -> tuple[Value, Value]:
    return y_true - ops.mean(y_true, axis, keepdims=True), y_pred - ops.mean(y_pred, axis, keepdims=True)


class PearsonCorrelation(FunctionMetric, names=("PearsonCorrelation", "pearson_correlation")):
    """Pearson's correlation; see `pearson_correlation`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: axis to correlate along.

    Raises:
        ModelError: the axis is none.
    """

    function = pearson_correlation

    _name_given: str | None = passed_on(default="pearson_correlation", alias="name")
    axis: int = whole(default=-1)


class ConcordanceCorrelation(FunctionMetric, names=("ConcordanceCorrelation", "concordance_correlation")):
    """Lin's concordance; see `concordance_correlation`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: axis to correlate along.

    Raises:
        ModelError: the axis is none.
    """

    function = concordance_correlation

    _name_given: str | None = passed_on(default="concordance_correlation", alias="name")
    axis: int = whole(default=-1)
