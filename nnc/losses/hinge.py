"""Losses of support-vector machines: outputs on the right side of a margin cost nothing."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.loss import FunctionLoss
from nnc.losses.operands import like_output
from nnc.losses.regression import Regression


@takes_arrays
def hinge(y_true: Value, y_pred: Value) -> Value:
    """Return mean(max(1 - y_true · y_pred, 0)) over the last axis (keras.io/api/losses/hinge_losses).

    Args:
        y_true: targets -1 and 1, shape (batch, …, units); a batch of nothing but 0 and 1 is taken for -1 and 1.
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(_shortfall(y_true, y_pred, "hinge"), -1)


@takes_arrays
def squared_hinge(y_true: Value, y_pred: Value) -> Value:
    """Return mean(max(1 - y_true · y_pred, 0)²) over the last axis (keras.io/api/losses/hinge_losses).

    Args:
        y_true: targets -1 and 1, shape (batch, …, units); a batch of nothing but 0 and 1 is taken for -1 and 1.
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.mean(ops.square(_shortfall(y_true, y_pred, "squared_hinge")), -1)


def _shortfall(y_true: Value, y_pred: Value, what: str) -> Value:
    labels = like_output(y_true, y_pred, what)
    is_binary = ops.logical_or(ops.equal(labels, 0.0), ops.equal(labels, 1.0))
    others = ops.sum(1.0 - ops.cast(is_binary, labels.dtype))
    labels = ops.where(ops.equal(others, 0.0), labels * 2.0 - 1.0, labels)
    return ops.maximum(1.0 - labels * y_pred, 0.0)


@takes_arrays
def categorical_hinge(y_true: Value, y_pred: Value) -> Value:
    """Return max(max((1 - y_true) · y_pred) - sum(y_true · y_pred) + 1, 0), over the last axis inside.

    Args:
        y_true: one-hot targets, shape (batch, …, classes).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "categorical_hinge")
    positive = ops.sum(labels * y_pred, -1)
    negative = ops.max((1.0 - labels) * y_pred, -1)
    return ops.maximum(negative - positive + 1.0, 0.0)


class Hinge(FunctionLoss, Regression, names=("Hinge", "hinge")):
    """The shortfall to a margin of 1; see `hinge`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = hinge

    _name_given: str | None = passed_on(default="hinge", alias="name")


class SquaredHinge(FunctionLoss, Regression, names=("SquaredHinge", "squared_hinge")):
    """The square of what is missing to a margin of 1; see `squared_hinge`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = squared_hinge

    _name_given: str | None = passed_on(default="squared_hinge", alias="name")


class CategoricalHinge(FunctionLoss, Regression, names=("CategoricalHinge", "categorical_hinge")):
    """The shortfall to a margin of 1 between the right class and the best other one; see `categorical_hinge`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = categorical_hinge

    _name_given: str | None = passed_on(default="categorical_hinge", alias="name")
