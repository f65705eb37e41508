"""Losses of numbers: means of squared, absolute, relative or logarithmic errors."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.ir import TensorType, Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import FunctionLoss, Loss
from nnc.losses.operands import check_output, like_output
from nnc.settings import SETTINGS


@takes_arrays
def mean_squared_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean((y_true - y_pred)²) over the last axis (keras.io/api/losses/regression_losses).

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(ops.square(y_pred - like_output(y_true, y_pred, "mean_squared_error")), -1)


@takes_arrays
def mean_absolute_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean(|y_true - y_pred|) over the last axis (keras.io/api/losses/regression_losses).

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(ops.absolute(y_pred - like_output(y_true, y_pred, "mean_absolute_error")), -1)


@takes_arrays
def mean_absolute_percentage_error(y_true: Value, y_pred: Value) -> Value:
    """Return 100 · mean(|y_true - y_pred| / max(|y_true|, 10⁻⁷)) over the last axis.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "mean_absolute_percentage_error")
    errors = ops.absolute((labels - y_pred) / ops.maximum(ops.absolute(labels), SETTINGS.epsilon))
    return ops.mean(errors, -1) * 100.0


@takes_arrays
def mean_squared_logarithmic_error(y_true: Value, y_pred: Value) -> Value:
    """Return mean((log(1 + y_true) - log(1 + y_pred))²) over the last axis, of numbers of at least 10⁻⁷.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "mean_squared_logarithmic_error")
    first, second = (ops.log(ops.maximum(x, SETTINGS.epsilon) + 1.0) for x in (y_pred, labels))
    return ops.mean(ops.square(first - second), -1)


class Regression(Loss):
    """A loss whose targets are any numbers, one per unit."""

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return the output's type.

        Raises:
            ModelError: the output has no rows of floating-point numbers.
        """
        check_output(self.name, output, has_units=False)
        return ExpectedTargets(output, exact=output.rank == 1)


class MeanSquaredError(FunctionLoss, Regression, names=("MeanSquaredError", "mean_squared_error", "MSE", "mse")):
    """The mean of squared errors; see `mean_squared_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_squared_error

    _name_given: str | None = passed_on(default="mean_squared_error", alias="name")


class MeanAbsoluteError(FunctionLoss, Regression, names=("MeanAbsoluteError", "mean_absolute_error", "MAE", "mae")):
    """The mean of absolute errors; see `mean_absolute_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_absolute_error

    _name_given: str | None = passed_on(default="mean_absolute_error", alias="name")


class MeanAbsolutePercentageError(
    FunctionLoss, Regression, names=("MeanAbsolutePercentageError", "mean_absolute_percentage_error", "MAPE", "mape")
):
    """The mean of absolute errors in per cent of the targets; see `mean_absolute_percentage_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_absolute_percentage_error

    _name_given: str | None = passed_on(default="mean_absolute_percentage_error", alias="name")


class MeanSquaredLogarithmicError(
    FunctionLoss, Regression, names=("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "MSLE", "msle")
):
    """The mean of squared differences of logarithms; see `mean_squared_logarithmic_error`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = mean_squared_logarithmic_error

    _name_given: str | None = passed_on(default="mean_squared_logarithmic_error", alias="name")
