"""The coefficient of determination: how much of the targets' variance an output explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import choice, passed_on, whole
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.losses.measure import DeclaredMeasure
from nnc.losses.operands import like_output
from nnc.metrics.sums import SumsMetric, spread


class R2Score(DeclaredMeasure, SumsMetric, names=("R2Score", "r2_score")):
    """1 - sum((y_true - y_pred)²) / sum((y_true - mean)²) (keras.io/api/metrics/regression_metrics).

    Args:
        class_aggregation: ``uniform_average`` or ``variance_weighted_average`` of the units, None for a score each.
        num_regressors: number of independent variables, for the adjusted score; 0 for the plain one.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "r2"

    class_aggregation: str | None = choice(
        "uniform_average",
        "variance_weighted_average",
        None,
        default="uniform_average",
        optional=False,
        words="Invalid value for argument `{key}`. Expected one of uniform_average, variance_weighted_average, None."
        " Received: {key}={value!r}",
    )
    num_regressors: int = whole(
        0, default=0, words="Invalid value for argument `{key}`. Expected a value >= 0. Received: {key}={value!r}"
    )
    _name_given: str | None = passed_on(default="r2_score", alias="name")
    dtype: str | None = passed_on(default=None)

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the sums of squares, of targets, of squared errors and of weights per unit, and the number of targets.

        Raises:
            ModelError: the output is not an array (batch, units).
        """
        if y_pred.rank != 2 or not isinstance(y_pred.shape[-1], int):
            raise ModelError(f"{self._where} expects 2D inputs with shape (batch_size, units), got {y_pred.type}")
        labels = like_output(y_true, y_pred, self._where)
        one = y_pred.graph.constant(1.0, y_pred.dtype)
        weights = ops.broadcast_to(one, y_pred.shape) if sample_weight is None else spread(sample_weight, y_pred)
        scaled, errors = labels * weights, ops.square(labels - y_pred) * weights
        return [*(ops.sum(part, 0) for part in (labels * scaled, scaled, errors, weights)), ops.size(y_pred)]

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return how units become one score."""
        return {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
