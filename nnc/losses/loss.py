"""The base class of losses: how values per row become one number, and the wrapper that makes a loss of a function."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, ClassVar

from nnc import ops
from nnc.errors import ModelError, nearest
from nnc.ir import TensorType, Value
from nnc.losses.measure import Measure, MeasureWrapper, function_name
from nnc.losses.target import Target

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum")


class Loss(Measure):
    """A loss; a subclass says in `call` what a row costs, its gradient is derived.

    Args:
        name: shown in messages and logs; the class name in snake case by default.
        reduction: ``sum_over_batch_size`` (or ``mean``) divides the sum of all values by their number, ``sum`` does
            not divide, ``mean_with_sample_weight`` divides by the sum of the weights.
        dtype: element type to compute in, the output's own by default.

    Raises:
        ModelError: an argument is wrong.

    >>> class Cubic(Loss):
    ...     def call(self, y_true: Value, y_pred: Value) -> Value:
    ...         return ops.mean(ops.absolute(y_true - y_pred) ** 3, -1)
    >>> Cubic().name
    'cubic'
    """

    noun: ClassVar[str] = "loss"
    name: str = "loss"
    reduction: str = "sum_over_batch_size"

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)
        self.reduction = _checked_reduction(self._where, reduction)

    def target(self, output: TensorType) -> Target:
        """Return what the targets of an output must look like; by default they have its type.

        Raises:
            ModelError: the loss does not fit the output.
        """
        if not output.is_floating:
            raise ModelError(f"{self._where} needs an output of floating-point numbers, got {output}")
        return Target(output)

    def lower(self, y_true: Value, y_pred: Value, sample_weight: Value | None = None) -> Value:
        """Return the loss of a batch, a scalar of y_pred's element type.

        As Keras's ``reduce_weighted_values``, but that one weight per row always weighs whole rows.

        Args:
            y_true: targets of the type that `target` returns.
            y_pred: the model's output, shape (batch, …).
            sample_weight: one weight per row, shape (batch).

        Raises:
            ModelError: `call` returned something other than a graph value.
            ShapeError: the operands do not fit together.
        """
        values = self._values(y_true, y_pred)
        if sample_weight is not None:
            weight = ops.cast(sample_weight, values.dtype)
            trailing = (1,) * (values.rank - 1)
            values = values * ops.reshape(weight, (*weight.shape, *trailing))
        return ops.cast(self._reduced(values, sample_weight), y_pred.dtype)

    def _reduced(self, values: Value, sample_weight: Value | None) -> Value:
        if values.rank == 0:
            return values
        if self.reduction == "sum":
            return ops.sum(values)
        if self.reduction == "mean_with_sample_weight" and sample_weight is not None:
            total = ops.sum(ops.cast(sample_weight, values.dtype))
            # an infinite divisor gives Keras's 0, and a gradient of 0, where the weights sum to nothing
            return ops.sum(values) / ops.where(ops.equal(total, 0.0), inf, total)
        return ops.mean(values)

    def __call__(self, y_true: Value, y_pred: Value, sample_weight: Value | None = None) -> Value:
        """Return the loss of a batch, a scalar; see `lower`."""
        return self.lower(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {"reduction": self.reduction}


class LossFunctionWrapper(MeasureWrapper, Loss):
    """The loss that a function of targets and output computes.

    Args:
        fn: returns values of shape (batch, …) of ``fn(y_true, y_pred, **arguments)``.
        reduction: see `Loss`.
        name: the function's name by default.
        dtype: see `Loss`.
        **arguments: settings of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Value],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or function_name(fn), reduction, dtype)
        self.fn = fn
        self.arguments = arguments


def _checked_reduction(where: str, reduction: str | None) -> str:
    if reduction in REDUCTIONS:
        return reduction
    if reduction is None or reduction == "none":
        raise ModelError(
            f"{where}: reduction {reduction!r} leaves no single number to minimise; use 'sum_over_batch_size' or 'sum'"
        )
    hint = nearest(str(reduction), REDUCTIONS)
    raise ModelError(f"{where}: reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}.{hint}")
