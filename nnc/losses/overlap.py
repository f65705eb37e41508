"""Losses of overlap, for segmentation: Dice and Tversky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, number, passed_on
from nnc.checks import is_whole
from nnc.choices import Reduction
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import like_output
from nnc.losses.regression import Regression
from nnc.settings import SETTINGS


@takes_arrays
def dice(y_true: Value, y_pred: Value, axis: int | Sequence[int] | None = None) -> Value:
    """Return 1 - 2 sum(y_true · y_pred) / (sum(y_true) + sum(y_pred) + 10⁻⁷) (keras.io/api/losses).

    Args:
        y_true: targets from 0 to 1, shape (batch, …).
        y_pred: output of the same shape.
        axis: axis or axes to sum over, all by default.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "dice")
    common = ops.sum(labels * y_pred, axis)
    return 1.0 - common * 2.0 / (ops.sum(labels, axis) + ops.sum(y_pred, axis) + SETTINGS.epsilon)


@takes_arrays
def tversky(
    y_true: Value,
    y_pred: Value,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: int | Sequence[int] | None = None,
) -> Value:
    """Return 1 - common / (common + alpha · missed + beta · invented + 10⁻⁷).

    Source: Salehi et al., Tversky loss function for image segmentation, 2017, with the factors as Keras has them.

    Args:
        y_true: targets from 0 to 1, shape (batch, …).
        y_pred: output of the same shape.
        alpha: factor of what is in the target only.
        beta: factor of what is in the output only.
        axis: axis or axes to sum over, all by default.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "tversky")
    common = ops.sum(labels * y_pred, axis)
    missed = ops.sum((1.0 - y_pred) * labels, axis)
    invented = ops.sum(y_pred * (1.0 - labels), axis)
    return 1.0 - common / (common + missed * alpha + invented * beta + SETTINGS.epsilon)


def check_axes(where: str, key: str, axis: Any) -> Any:
    """Return an axis, several, or None for all.

    Raises:
        ModelError: it is none of them.
    """
    if not all(map(is_whole, axis if isinstance(axis, list | tuple) else [axis])):
        raise ModelError(f"{where}: {key} must be a whole number, several, or None, got {axis!r}")
    return axis


class Dice(FunctionMeasure, Regression, names=("Dice", "dice")):
    """The lack of overlap between target and output; see `dice`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        axis: axis or axes to sum over, all by default.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = dice

    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="dice", alias="name")
    axis: int | Sequence[int] | None = argument(check_axes, default=None)
    dtype: str | None = passed_on(default=None)


class Tversky(FunctionMeasure, Regression, names=("Tversky", "tversky")):
    """The lack of overlap between target and output, with a factor for each kind of error; see `tversky`.

    Args:
        alpha: factor of what is in the target only.
        beta: factor of what is in the output only.
        reduction: see `Loss`.
        name: see `Loss`.
        axis: axis or axes to sum over, all by default.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = tversky

    alpha: float = number(default=0.5)
    beta: float = number(default=0.5)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="tversky", alias="name")
    axis: int | Sequence[int] | None = argument(check_axes, default=None)
    dtype: str | None = passed_on(default=None)
