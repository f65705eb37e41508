"""Losses of numbers that large errors do not dominate: Huber's and the logarithm of the hyperbolic cosine."""

from __future__ import annotations

from math import log

from nnc.arguments import number, passed_on
from nnc.choices import Reduction
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.loss import FunctionLoss
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import like_output
from nnc.losses.regression import Regression


@takes_arrays
def huber(y_true: Value, y_pred: Value, delta: float = 1.0) -> Value:
    """Return the mean over the last axis of e²/2 where |e| ≤ delta, otherwise of delta |e| - delta²/2.

    Source: Huber, Robust Estimation of a Location Parameter, 1964; e is y_pred - y_true.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.
        delta: where the parabola becomes a line.

    Raises:
        ShapeError: the shapes differ.
    """
    error = y_pred - like_output(y_true, y_pred, "huber")
    size = ops.absolute(error)
    return ops.mean(ops.where(size <= delta, ops.square(error) * 0.5, size * delta - 0.5 * delta * delta), -1)


@takes_arrays
def log_cosh(y_true: Value, y_pred: Value) -> Value:
    """Return mean(log(cosh(y_pred - y_true))) over the last axis, without overflow.

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    error = y_pred - like_output(y_true, y_pred, "log_cosh")
    return ops.mean(error + ops.softplus(error * -2.0) - log(2.0), -1)


class Huber(FunctionMeasure, Regression, names=("Huber", "huber")):
    """Half the squared error, which becomes a line for large errors; see `huber`.

    Args:
        delta: where the parabola becomes a line.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = huber

    delta: float = number(default=1.0, written="unless default")
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="huber_loss", alias="name")
    dtype: str | None = passed_on(default=None)


class LogCosh(FunctionLoss, Regression, names=("LogCosh", "log_cosh", "logcosh")):
    """The logarithm of the error's hyperbolic cosine; see `log_cosh`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = log_cosh

    _name_given: str | None = passed_on(default="log_cosh", alias="name")
