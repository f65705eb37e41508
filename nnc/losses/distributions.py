"""Losses of distributions: the Kullback-Leibler divergence and the Poisson loss."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.hints.output_activation import look_at_output
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.loss import FunctionLoss
from nnc.losses.operands import like_output
from nnc.losses.regression import Regression
from nnc.settings import SETTINGS


@takes_arrays
def kl_divergence(y_true: Value, y_pred: Value) -> Value:
    """Return sum(y_true · log(y_true / y_pred)) over the last axis, of numbers kept from 10⁻⁷ to 1.

    Args:
        y_true: probabilities, shape (batch, …, classes).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = ops.clip(like_output(y_true, y_pred, "kl_divergence"), SETTINGS.epsilon, 1.0)
    look_at_output(y_pred, None, False, "kl_divergence", sees_through=False)
    return ops.sum(labels * ops.log(labels / ops.clip(y_pred, SETTINGS.epsilon, 1.0)), -1)


@takes_arrays
def poisson(y_true: Value, y_pred: Value) -> Value:
    """Return mean(y_pred - y_true · log(y_pred + 10⁻⁷)) over the last axis.

    Args:
        y_true: counts, shape (batch, …, units).
        y_pred: expected counts, output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "poisson")
    return ops.mean(y_pred - labels * ops.log(y_pred + SETTINGS.epsilon), -1)


class KLDivergence(
    FunctionLoss, Regression, names=("KLDivergence", "kl_divergence", "KLD", "kld", "kullback_leibler_divergence")
):
    """The Kullback-Leibler divergence of the output from the target; see `kl_divergence`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = kl_divergence

    _name_given: str | None = passed_on(default="kl_divergence", alias="name")


class Poisson(FunctionLoss, Regression, names=("Poisson", "poisson")):
    """The Poisson loss of counts; see `poisson`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = poisson

    _name_given: str | None = passed_on(default="poisson", alias="name")
