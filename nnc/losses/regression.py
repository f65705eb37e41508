"""Losses of numbers: means of squared, absolute, relative or logarithmic errors."""

from __future__ import annotations

from nnc import ops
from nnc.choices import Reduction
from nnc.ir import TensorType, Value
from nnc.losses.loss import Loss
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import EPSILON, check_output, like_output
from nnc.losses.target import Target


def mean_squared_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean((y_true - y_pred)²) over the last axis (keras.io/api/losses/regression_losses).

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(ops.square(y_pred - like_output(y_true, y_pred, "mean_squared_error")), -1)


def mean_absolute_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean(|y_true - y_pred|) over the last axis (keras.io/api/losses/regression_losses).

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(ops.absolute(y_pred - like_output(y_true, y_pred, "mean_absolute_error")), -1)


def mean_absolute_percentage_error(y_true: Value, y_pred: Value) -> Value:
    """Return 100 · mean(|y_true - y_pred| / max(|y_true|, 10⁻⁷)) over the last axis.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "mean_absolute_percentage_error")
    errors = ops.absolute((labels - y_pred) / ops.maximum(ops.absolute(labels), EPSILON))
    return ops.mean(errors, -1) * 100.0


def mean_squared_logarithmic_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean((log(1 + y_true) - log(1 + y_pred))²) over the last axis, of numbers of at least 10⁻⁷.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "mean_squared_logarithmic_error")
    first, second = (ops.log(ops.maximum(x, EPSILON) + 1.0) for x in (y_pred, labels))
    return ops.mean(ops.square(first - second), -1)


class Regression(FunctionMeasure, Loss):
    """A loss whose targets are any numbers, one per unit."""

    def target(self, output: TensorType) -> Target:
        """Return the output's type.

        Raises:
            ModelError: the output is not an array of rows of floating-point numbers.
        """
        check_output(self.name, output)
        return Target(output)


class MeanSquaredError(Regression):
    """The mean of squared errors; see `mean_squared_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_squared_error

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


class MeanAbsoluteError(Regression):
    """The mean of absolute errors; see `mean_absolute_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_absolute_error

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


class MeanAbsolutePercentageError(Regression):
    """The mean of absolute errors in per cent of the targets; see `mean_absolute_percentage_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_absolute_percentage_error

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


class MeanSquaredLogarithmicError(Regression):
    """The mean of squared differences of logarithms; see `mean_squared_logarithmic_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_squared_logarithmic_error

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
