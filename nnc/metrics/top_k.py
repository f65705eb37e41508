"""Metrics of how often the right class is among the best."""

from __future__ import annotations

from nnc.arguments import flag, passed_on, positive
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Greater
from nnc.ir.ops.elementwise import apply
from nnc.losses.arrays import takes_arrays
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import class_indices, like_output
from nnc.metrics.metric import Metric


@takes_arrays
def top_k_categorical_accuracy(y_true: Value, y_pred: Value, k: int = 5) -> Value:
    """Return 1 where fewer than k classes have a higher score than the target's, otherwise 0, shape (batch, …).

    Args:
        y_true: one-hot targets, shape (batch, …, classes).
        y_pred: scores of the same shape.
        k: how many classes are good enough.

    Raises:
        ShapeError: the shapes differ.
    """
    return _among_best(ops.argmax(like_output(y_true, y_pred, "top_k_categorical_accuracy")), y_pred, k)


@takes_arrays
def sparse_top_k_categorical_accuracy(y_true: Value, y_pred: Value, k: int = 5, from_sorted_ids: bool = False) -> Value:
    """Return 1 where fewer than k classes have a higher score than the target's, otherwise 0, shape (batch, …).

    Args:
        y_true: class indices, shape (batch, …) or (batch, …, 1).
        y_pred: scores, shape (batch, …, classes), or the best classes, the best first.
        k: how many classes are good enough.
        from_sorted_ids: whether the output holds classes instead of scores.

    Raises:
        ShapeError: the shapes do not fit.
    """
    labels = class_indices(y_true, y_pred, "sparse_top_k_categorical_accuracy")
    if not from_sorted_ids:
        return _among_best(labels, y_pred, k)
    best = ops.take(y_pred, -1, 0, min(k, y_pred.shape[-1]))
    same = ops.equal(ops.reshape(ops.cast(labels, best.dtype), (*labels.shape, 1)), best)
    return ops.max(ops.cast(same, y_pred.dtype), -1)


def _among_best(classes: Value, scores: Value, k: int) -> Value:
    right = ops.one_hot(classes, scores.shape[-1], "bool")
    score = ops.sum(ops.where(right, scores, 0.0), -1, keepdims=True)
    higher = ops.sum(apply(Greater(dtype=scores.dtype), scores, score), -1)
    return ops.cast(higher < float(k), scores.dtype)


class TopKCategoricalAccuracy(FunctionMeasure, Metric, names=("TopKCategoricalAccuracy", "top_k_categorical_accuracy")):
    """The share of rows where the class of the one-hot target is among the best; see `top_k_categorical_accuracy`.

    Args:
        k: how many classes are good enough.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: k is not a positive whole number.
    """

    function = top_k_categorical_accuracy

    k: int = positive(default=5)
    _name_given: str | None = passed_on(default="top_k_categorical_accuracy", alias="name")
    dtype: str | None = passed_on(default=None)


class SparseTopKCategoricalAccuracy(
    FunctionMeasure, Metric, names=("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy")
):
    """The share of rows where the target's class is among the best; see `sparse_top_k_categorical_accuracy`.

    Args:
        k: how many classes are good enough.
        name: see `Metric`.
        dtype: see `Metric`.
        from_sorted_ids: whether the output holds classes instead of scores.

    Raises:
        ModelError: k is not a positive whole number.
    """

    function = sparse_top_k_categorical_accuracy

    k: int = positive(default=5)
    _name_given: str | None = passed_on(default="sparse_top_k_categorical_accuracy", alias="name")
    dtype: str | None = passed_on(default=None)
    from_sorted_ids: bool = flag(default=False, written="unless default")
