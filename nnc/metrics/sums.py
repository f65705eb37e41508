"""The base class of metrics whose result is more than a mean: they add up sums of fixed shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.metrics.metric import Metric


class SumsMetric(Metric):
    """A metric that adds up sums; what comes of them, one of `nnc.program.results.RESULTS` says, named by `result`.

    A subclass says in `sums` what a batch adds, and in `result_settings` what the result depends on beside that. As in
    Keras, masks make no difference to such a metric.
    """

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return what a batch adds to the sums: floating-point values of fixed shapes, as graph arithmetic.

        Args:
            y_true: targets, shape (batch, …).
            y_pred: the model's output, shape (batch, …).
            sample_weight: weights of shape (batch), or of more of the output's axes, or None.

        Raises:
            ModelError: the operands do not suit the metric, or the subclass does not define it.
            ShapeError: the operands do not fit together.
        """
        raise ModelError(
            f"{self._where}: class {type(self).__name__} must define sums(self, y_true, y_pred, sample_weight)"
        )

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        """Return what a batch adds to each of the metric's sums, in y_pred's element type.

        Raises:
            ModelError: the operands do not suit the metric, or a sum has no fixed shape.
            ShapeError: the operands do not fit together.
        """
        dtype = self.compute_dtype(y_pred)
        targets = ops.cast(y_true, dtype) if y_true.type.is_floating else y_true
        weights = None if sample_weight is None else ops.cast(sample_weight, dtype)
        found = self.sums(targets, ops.cast(y_pred, dtype), weights)
        for value in found:
            if value.type.symbols:
                raise ModelError(f"{self._where} needs an output of fixed shape, got {y_pred.type}")
        return tuple(ops.cast(value, y_pred.dtype) for value in found)

    def compute_dtype(self, y_pred: Value) -> str:
        """Return the element type to compute in."""
        return self.dtype or y_pred.dtype

    def result_settings(self) -> dict[str, Any]:
        """Return what the result depends on beside the sums, as plain data for the manifest."""
        return {}


def spread(weights: Value, like: Value) -> Value:
    """Return weights in the shape of another value, whose first axes they have."""
    shape = (*weights.shape, *(1,) * (like.rank - weights.rank))
    return ops.broadcast_to(ops.reshape(weights, shape), like.shape)


def weighted(values: Value, weights: Value | None) -> Value:
    """Return values times the weights of their first axes."""
    if weights is None:
        return values
    return values * ops.reshape(weights, (*weights.shape, *(1,) * (values.rank - weights.rank)))
