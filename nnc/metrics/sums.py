"""The base class of metrics whose result is more than a mean: they add up sums of fixed shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc.errors import ModelError
from nnc.ir import Graph, TensorType, Value, ops
from nnc.metrics.metric import Metric


class SumsMetric(Metric):
    """A metric that adds up sums; a subclass gives a batch's share in `sums`, and the result in `combine`.

    Instead of `combine` it may have a `result_name`, one of `nnc.results.rules.RESULTS`. As in Keras, masks make no
    difference to such a metric.

    >>> class Bias(SumsMetric):
    ...     def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
    ...         return [ops.sum(y_pred - y_true), ops.size(y_pred)]
    ...     def combine(self, error: Value, count: Value) -> Value:
    ...         return error / count
    >>> bias = Bias()
    >>> bias.update_state([1.0, 2.0], [1.5, 3.5]), bias.result()
    (None, 1.0)
    """

    result_name = "graph"
    sum_names: ClassVar[tuple[str, ...]] = ()

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

    def combine(self, *sums: Value) -> Value:
        """Return the result of the sums over all batches, float64, as graph arithmetic.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(f"{self._where}: class {type(self).__name__} must define combine(self, ...), of its sums")

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return what the result depends on besides the sums: the graph of `combine`, unless a subclass has another.

        Raises:
            ModelError: `combine` returned something other than a graph value.
        """
        if self.result_name != "graph":
            return {}
        graph = Graph("result")
        values = [graph.input(f"sum.{n}", TensorType("float64", tuple(shape))) for n, shape in enumerate(shapes)]
        found: object = self.combine(*values)
        if not isinstance(found, Value):
            raise ModelError(f"{self._where} must return a graph value from combine, got {found!r}")
        graph.output("result", found)
        return {"graph": str(graph)}


def spread(weights: Value, like: Value) -> Value:
    """Return weights in the shape of another value, whose first axes they have."""
    shape = (*weights.shape, *(1,) * (like.rank - weights.rank))
    return ops.broadcast_to(ops.reshape(weights, shape), like.shape)


def weighted(values: Value, weights: Value | None) -> Value:
    """Return values times the weights of their first axes."""
    if weights is None:
        return values
    return values * ops.reshape(weights, (*weights.shape, *(1,) * (values.rank - weights.rank)))
