"""The coefficient of determination: how much of the targets' variance an output explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.operands import like_output
from nnc.metrics.confusion import checked_index
from nnc.metrics.sums import SumsMetric, spread

_AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


class R2Score(SumsMetric):
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

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ModelError(
                f"{self._where}: class_aggregation must be 'uniform_average', 'variance_weighted_average' or None,"
                f" got {class_aggregation!r}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = checked_index(self._where, "num_regressors", num_regressors, 0) or 0

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the sums of squares, of targets, of squared errors and of weights per unit, and the number of targets.

        Raises:
            ModelError: the output is not an array (batch, units).
        """
        if y_pred.rank != 2 or not isinstance(y_pred.shape[-1], int):
            raise ModelError(f"{self._where} needs an output (batch, units), got {y_pred.type}")
        labels = like_output(y_true, y_pred, self._where)
        one = y_pred.graph.constant(1.0, y_pred.dtype)
        weights = ops.broadcast_to(one, y_pred.shape) if sample_weight is None else spread(sample_weight, y_pred)
        scaled, errors = labels * weights, ops.square(labels - y_pred) * weights
        return [*(ops.sum(part, 0) for part in (labels * scaled, scaled, errors, weights)), ops.size(y_pred)]

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return how units become one score."""
        return {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
