"""Metrics of how often the output is right."""

from __future__ import annotations

from nnc.arguments import number, passed_on
from nnc.ir import Value, ops
from nnc.losses.arrays import takes_arrays
from nnc.losses.operands import class_indices, like_output
from nnc.metrics.metric import FunctionMetric


@takes_arrays
def binary_accuracy(y_true: Value, y_pred: Value, threshold: float = 0.5) -> Value:
    """Return 1 where (y_pred > threshold) = y_true, otherwise 0 (keras.io/api/metrics/accuracy_metrics).

    Args:
        y_true: targets 0 and 1, shape (batch, …).
        y_pred: output of the same shape.
        threshold: number above which the output means 1.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "binary_accuracy")
    return ops.cast(ops.equal(labels, ops.cast(y_pred > threshold, labels.dtype)), y_pred.dtype)


@takes_arrays
def categorical_accuracy(y_true: Value, y_pred: Value) -> Value:
    """Return 1 where both have their largest element at the same index, otherwise 0, shape (batch, …).

    Args:
        y_true: one-hot targets, shape (batch, …, classes).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = like_output(y_true, y_pred, "categorical_accuracy")
    return ops.cast(ops.equal(ops.argmax(labels), ops.argmax(y_pred)), y_pred.dtype)


@takes_arrays
def sparse_categorical_accuracy(y_true: Value, y_pred: Value) -> Value:
    """Return 1 where the largest element has the given index, otherwise 0, shape (batch, …).

    Args:
        y_true: class indices, shape (batch, …) or (batch, …, 1).
        y_pred: output of shape (batch, …, classes).

    Raises:
        ShapeError: the shapes do not fit.
    """
    labels = class_indices(y_true, y_pred, "sparse_categorical_accuracy")
    return ops.cast(ops.equal(labels, ops.cast(ops.argmax(y_pred), labels.dtype)), y_pred.dtype)


def equality(y_true: Value, y_pred: Value) -> Value:
    """Return 1 where both are equal, otherwise 0, in their shape.

    Args:
        y_true: targets, shape (batch, …).
        y_pred: output of the same shape.

    Raises:
        ShapeError: the shapes differ.
    """
    return ops.cast(ops.equal(like_output(y_true, y_pred, "accuracy"), y_pred), y_pred.dtype)


class Accuracy(FunctionMetric, names=("Accuracy", "accuracy")):
    """The share of outputs that equal the target exactly; the name ``accuracy`` means one of the other three.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = equality

    _name_given: str | None = passed_on(default="accuracy", alias="name")


class BinaryAccuracy(FunctionMetric, names=("BinaryAccuracy", "binary_accuracy")):
    """The share of outputs on the right side of a threshold; see `binary_accuracy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        threshold: number above which the output means 1.

    Raises:
        ModelError: the threshold is not a finite number.
    """

    function = binary_accuracy

    _name_given: str | None = passed_on(default="binary_accuracy", alias="name")
    threshold: float = number(default=0.5)


class CategoricalAccuracy(FunctionMetric, names=("CategoricalAccuracy", "categorical_accuracy")):
    """The share of rows whose largest output is that of the one-hot target; see `categorical_accuracy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = categorical_accuracy

    _name_given: str | None = passed_on(default="categorical_accuracy", alias="name")


class SparseCategoricalAccuracy(FunctionMetric, names=("SparseCategoricalAccuracy", "sparse_categorical_accuracy")):
    """The share of rows whose largest output has the target's index; see `sparse_categorical_accuracy`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = sparse_categorical_accuracy

    _name_given: str | None = passed_on(default="sparse_categorical_accuracy", alias="name")
