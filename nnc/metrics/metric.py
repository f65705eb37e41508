"""The base class of metrics: how values per row add up to a mean, and the wrapper that makes a metric of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.measure import Measure, MeasureWrapper, function_name


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

    def lower(self, y_true: Value, y_pred: Value, sample_weight: Value | None = None) -> tuple[Value, Value]:
        """Return the sum over rows and what to divide it by, scalars of y_pred's element type.

        As Keras's ``Mean``: several values of a row are one value, their mean; the divisor is the number of rows or
        the sum of the weights. A function that returns a scalar counts as one row.

        Args:
            y_true: targets, shape (batch, …).
            y_pred: the model's output, shape (batch, …).
            sample_weight: one weight per row, shape (batch).

        Raises:
            ModelError: `call` returned something other than a graph value, or a scalar that is to be weighted.
            ShapeError: the operands do not fit together.
        """
        values = self._values(y_true, y_pred)
        inner = range(1, values.rank)
        if sample_weight is None:
            total, count = ops.sum(values), ops.size(values, range(min(values.rank, 1)))
            total = total / ops.size(values, inner) if inner else total
        elif values.rank == 0:
            raise ModelError(f"{self._where} returns one number for the whole batch, so that rows cannot be weighted")
        else:
            weight = ops.cast(sample_weight, values.dtype)
            rows = ops.mean(values, inner) if inner else values
            total, count = ops.sum(rows * weight), ops.sum(weight)
        return ops.cast(total, y_pred.dtype), ops.cast(count, y_pred.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {"dtype": self.dtype or "float32"}


class MeanMetricWrapper(MeasureWrapper, Metric):
    """The mean of what a function of targets and output computes.

    Args:
        fn: returns values of shape (batch, …) of ``fn(y_true, y_pred, **arguments)``.
        name: the function's name by default.
        dtype: see `Metric`.
        **arguments: settings of the function.
    """

    def __init__(
        self, fn: Callable[..., Value], name: str | None = None, dtype: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name or function_name(fn), dtype)
        self.fn = fn
        self.arguments = arguments
