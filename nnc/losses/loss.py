"""The base class of losses: how values per row become one number, and the wrapper that makes a loss of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Self

from nnc import ops
from nnc.errors import ModelError, nearest
from nnc.ir import TensorType, Value
from nnc.losses.config import build, checked_dtype, function_config, snake_case
from nnc.losses.target import Target

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum")


class Loss:
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

    name: str = "loss"
    reduction: str = "sum_over_batch_size"
    dtype: str | None = None

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reduction = _checked_reduction(self.name, reduction)
        self.dtype = checked_dtype(f"loss '{self.name}'", dtype)

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return one value per row, or more: shape (batch, …), as graph arithmetic.

        Args:
            y_true: targets of the type that `target` returns.
            y_pred: the model's output, shape (batch, …).

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(f"loss '{self.name}': class {type(self).__name__} must define call(self, y_true, y_pred)")

    def target(self, output: TensorType) -> Target:
        """Return what the targets of an output must look like; by default they have its type.

        Raises:
            ModelError: the loss does not fit the output.
        """
        if not output.is_floating:
            raise ModelError(f"loss '{self.name}' needs an output of floating-point numbers, got {output}")
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
        dtype = self.dtype or y_pred.dtype
        values = called(f"loss '{self.name}'", self.call, y_true, y_pred, dtype)
        if sample_weight is not None:
            weight = ops.cast(sample_weight, dtype)
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
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the loss from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        return build(cls, config, f"loss {cls.__name__}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


class LossFunctionWrapper(Loss):
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

    def call(self, y_true: Value, y_pred: Value) -> Value:
        """Return what the function returns."""
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the function by its name.

        Raises:
            ModelError: the function has no name to find it by.
        """
        return super().get_config() | {"fn": function_config(self.fn, f"loss '{self.name}'")} | self.arguments


def function_name(function: Callable[..., Any]) -> str:
    """Return the name that a loss or metric has by the function it wraps."""
    name = getattr(function, "__name__", None)
    return snake_case(name if isinstance(name, str) else type(function).__name__)


def called(where: str, call: Callable[[Value, Value], Value], y_true: Value, y_pred: Value, dtype: str) -> Value:
    """Return what a loss or metric computes from its operands, all of them in one floating-point type.

    Targets of whole numbers are class indices and stay as they are.

    Raises:
        ModelError: `call` returned something other than a graph value.
    """
    targets = ops.cast(y_true, dtype) if y_true.type.is_floating else y_true
    values: object = call(targets, ops.cast(y_pred, dtype))
    if not isinstance(values, Value):
        raise ModelError(f"{where} must return a graph value, got {values!r}")
    return ops.cast(values, dtype)


def _checked_reduction(name: str, reduction: str | None) -> str:
    if reduction in REDUCTIONS:
        return reduction
    if reduction is None or reduction == "none":
        raise ModelError(
            f"loss '{name}': reduction {reduction!r} leaves no single number to minimise; use 'sum_over_batch_size' or"
            " 'sum'"
        )
    hint = nearest(str(reduction), REDUCTIONS)
    raise ModelError(f"loss '{name}': reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}.{hint}")
