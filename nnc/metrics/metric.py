"""The base class of metrics: how values per row add up to a mean, and the wrapper that makes a metric of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.measure import Masked, Measure, MeasureWrapper, function_name
from nnc.losses.weighting import merge_masks, merge_weights


class Metric(Measure):
    """A mean over rows; a subclass says in `call` what is measured.

    Args:
        name: key in logs; the class name in snake case by default.
        dtype: element type to compute in, the output's own by default.

    Raises:
        ModelError: an argument is wrong.

    >>> class LargestError(Metric):
    ...     def call(self, y_true: Value, y_pred: Value) -> Value:
    ...         return ops.max(ops.absolute(y_true - y_pred), -1)
    >>> LargestError().name
    'largest_error'
    """

    noun: ClassVar[str] = "metric"
    name: str = "metric"

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, Value]:
        """Return the sum over rows and what to divide it by, scalars of y_pred's element type.

        As Keras's ``Mean``: several values of a row are one value, their mean; the divisor is the number of rows or
        the sum of the weights. A function that returns a scalar counts as one row. Values that the metric itself
        does not count, those of an ``ignore_class``, are left out only where there are weights or a mask.

        Args:
            y_true: targets, shape (batch, …).
            y_pred: the model's output, shape (batch, …).
            sample_weight: weights of shape (batch), or of more of the axes of what `call` returns.
            mask: bool, true where a value counts, shape (batch, …).

        Raises:
            ModelError: `call` returned something other than a graph value, or a scalar that is to be weighted.
            ShapeError: the operands do not fit together.
        """
        values, own_mask = self._values(y_true, y_pred)
        if sample_weight is not None or mask is not None:
            mask = merge_masks(mask, own_mask)
        weights = merge_weights(values, sample_weight, mask, False, self._where)
        if weights is None:
            inner = range(1, values.rank)
            total, count = ops.sum(values), ops.size(values, range(min(values.rank, 1)))
            total = total / ops.size(values, inner) if inner else total
        elif values.rank == 0:
            raise ModelError(f"{self._where} returns one number for the whole batch, so that rows cannot be weighted")
        else:
            values = _mean(values, range(weights.rank, values.rank))
            inner = range(1, weights.rank)
            total, count = ops.sum(_mean(values * weights, inner)), ops.sum(_mean(weights, inner))
        return ops.cast(total, y_pred.dtype), ops.cast(count, y_pred.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {"dtype": self.dtype or "float32"}


def _mean(values: Value, axes: range) -> Value:
    return ops.mean(values, axes) if axes else values


class MeanMetricWrapper(MeasureWrapper, Metric):
    """The mean of what a function of targets and output computes.

    Args:
        fn: returns values of shape (batch, …) of ``fn(y_true, y_pred, **arguments)``.
        name: the function's name by default.
        dtype: see `Metric`.
        **arguments: settings of the function.
    """

    def __init__(
        self, fn: Callable[..., Value | Masked], name: str | None = None, dtype: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name or function_name(fn), dtype)
        self.fn = fn
        self.arguments = arguments
