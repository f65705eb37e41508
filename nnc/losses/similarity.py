"""Losses that compare directions: cosine similarity, and the circle loss of embeddings."""

from __future__ import annotations

from nnc.arguments import flag, number, passed_on, whole
from nnc.choices import Reduction
from nnc.errors import ModelError, ShapeError
from nnc.ir import TensorType, Value, ops
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.losses.arrays import takes_arrays
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import Loss
from nnc.losses.measure import FunctionMeasure, Masked
from nnc.losses.operands import like_output
from nnc.losses.regression import Regression
from nnc.settings import SETTINGS


def unit_vectors(x: Value, axis: int) -> Value:
    """Return x / max(|x|, 10⁻⁷), with the Euclidean norm along an axis."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis, keepdims=True), SETTINGS.epsilon**2))


@takes_arrays
def cosine_similarity(y_true: Value, y_pred: Value, axis: int = -1) -> Value:
    """Return minus the cosine of the angle between target and output (keras.io/api/losses/regression_losses).

    Args:
        y_true: targets, shape (batch, …, units).
        y_pred: output of the same shape.
        axis: axis that the vectors lie along; it is not in the result.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    labels = like_output(y_true, y_pred, "cosine_similarity")
    return -ops.sum(unit_vectors(labels, axis) * unit_vectors(y_pred, axis), axis)


@takes_arrays
def circle(
    y_true: Value,
    y_pred: Value,
    ref_labels: Value | None = None,
    ref_embeddings: Value | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Masked:
    """Return how much nearer to each row others of its class should be, and those of other classes farther.

    Source: Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, 2020. Rows without a loss
    do not count in a mean.

    Args:
        y_true: classes, whole numbers of shape (batch,) or (batch, 1).
        y_pred: vectors of length 1, shape (batch, units).
        ref_labels: classes of the rows to compare with, by default those of the batch.
        ref_embeddings: vectors of the rows to compare with.
        remove_diagonal: whether a row is not compared with the one of the same number.
        gamma: scale.
        margin: how far classes should be apart.

    Raises:
        ShapeError: the shapes do not fit.
    """
    others = y_pred if ref_embeddings is None else ref_embeddings
    if y_pred.rank != 2 or others.rank != 2 or y_true.type.size != y_pred.shape[0]:
        raise ShapeError(f"circle needs vectors and one class for each, got {y_pred.type} and {y_true.type}")
    distance = ops.relu(1.0 - y_pred @ ops.transpose(others))
    query = ops.reshape(y_true, (-1, 1))
    key = query if ref_labels is None else ops.reshape(ref_labels, (-1, 1))
    same = ops.equal(query, ops.transpose(key))
    other = apply(NotEqual(), query, ops.transpose(key))
    if remove_diagonal:
        rows, columns = (x.graph.add(Iota(x.shape[0]))[0] for x in (y_pred, others))
        same = ops.logical_and(same, apply(NotEqual(), ops.reshape(rows, (-1, 1)), columns))
    positive = ops.relu(distance + margin) * (distance - margin) * gamma
    negative = ops.relu((1.0 + margin) - distance) * ((1.0 - margin) - distance) * gamma
    pull, has_pull = _log_sum_exp(positive, same)
    push, has_push = _log_sum_exp(negative, other)
    values = ops.softplus(pull + push)
    values = ops.where(ops.logical_and(has_pull, has_push), values, 0.0)
    return Masked(values, values > 0.0)


def _log_sum_exp(x: Value, chosen: Value) -> tuple[Value, Value]:
    """Return log(sum(exp(x))) over the chosen elements of each row, and whether there are any; 0 where not."""
    largest = ops.max(ops.where(chosen, x, -1e30), 1, keepdims=True)
    shifted = ops.where(chosen, x, largest) - largest
    total = ops.sum(ops.exp(shifted) * ops.cast(chosen, x.dtype), 1)
    found = total > 0.0
    return ops.where(found, ops.log(ops.where(found, total, 1.0)) + ops.reshape(largest, (-1,)), 0.0), found


class CosineSimilarity(FunctionMeasure, Regression, names=("CosineSimilarity", "cosine_similarity")):
    """Minus the cosine of the angle between target and output; see `cosine_similarity`.

    Args:
        axis: axis that the vectors lie along.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = cosine_similarity

    axis: int = whole(default=-1, written="unless default")
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="cosine_similarity", alias="name")
    dtype: str | None = passed_on(default=None)


class Circle(FunctionMeasure, Loss, names=("Circle", "circle")):
    """Pulls vectors of one class together and pushes those of others away; see `circle`.

    Args:
        gamma: scale.
        margin: how far classes should be apart.
        remove_diagonal: whether a row is not compared with itself.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = circle

    gamma: float = number(default=80.0)
    margin: float = number(default=0.4)
    remove_diagonal: bool = flag(default=True)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="circle", alias="name")
    dtype: str | None = passed_on(default=None)

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return one int32 class per row.

        Raises:
            ModelError: the output is not a floating-point vector per row.
        """
        if output.rank != 2 or not output.is_floating:
            raise ModelError(f"{self._where} needs an output of one vector per row, (batch, units), got {output}")
        return ExpectedTargets(TensorType("int32", output.shape[:1]))
