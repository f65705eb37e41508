"""The cross-entropies of one class out of many, with one-hot targets or class indices."""

from __future__ import annotations

from nnc.arguments import flag, number, passed_on, whole
from nnc.checks import check_whole
from nnc.choices import Reduction
from nnc.errors import ModelError
from nnc.ir import TensorType, Value, ops
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.crossentropy import Softmax
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.movement import normalize_axis
from nnc.ir.ops.sizes import Iota
from nnc.losses.arrays import takes_arrays
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import Loss
from nnc.losses.measure import FunctionMeasure, Masked
from nnc.losses.operands import class_count, class_indices, like_output, logits_of
from nnc.settings import SETTINGS


@takes_arrays
def categorical_crossentropy(
    y_true: Value, y_pred: Value, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Value:
    """Return -sum(y log p) over an axis (keras.io/api/losses/probabilistic_losses).

    Where the output is the result of a softmax, or holds logits, log p is their log-softmax; otherwise p is the
    output, scaled to sum to 1 and kept 10⁻⁷ from 0 and 1. Of a sigmoid, too, Keras takes the operand for logits.

    Args:
        y_true: one-hot targets or probabilities, shape (batch, …, classes).
        y_pred: output of the same shape.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: axis of the classes.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    what = "categorical_crossentropy"
    labels, axis = smoothed_classes(like_output(y_true, y_pred, what), label_smoothing), normalize_axis(y_pred, axis)
    logits = logits_of(y_pred, Softmax(axis), from_logits, what)
    if logits is not None:
        order = (*(other for other in range(logits.rank) if other != axis), axis)
        return ops.softmax_crossentropy(ops.transpose(logits, order), ops.transpose(labels, order))
    scaled = y_pred / ops.sum(y_pred, axis, keepdims=True)
    return -ops.sum(labels * ops.log(ops.clip(scaled, SETTINGS.epsilon, 1.0 - SETTINGS.epsilon)), axis)


def smoothed_classes(labels: Value, label_smoothing: float) -> Value:
    """Return one-hot targets moved towards 1 / the length of the last axis, whatever that of the classes is."""
    if not label_smoothing:
        return labels
    return labels * (1.0 - label_smoothing) + label_smoothing / ops.size(labels, (labels.rank - 1,))


@takes_arrays
def sparse_categorical_crossentropy(
    y_true: Value, y_pred: Value, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Value | Masked:
    """Return -log p of the class with the given index (keras.io/api/losses/probabilistic_losses).

    Where the output is the result of a softmax, or holds logits, log p is their log-softmax; otherwise p is the
    output, kept 10⁻⁷ from 0 and 1 and then, as Keras on TensorFlow does, scaled to sum to 1.

    Args:
        y_true: class indices, whole numbers of shape (batch, …) or (batch, …, 1).
        y_pred: output of shape (batch, …, classes).
        from_logits: whether the output holds logits instead of probabilities.
        ignore_class: class index of targets that cost nothing and do not count in a mean.
        axis: axis of the classes, must be the last, as in Keras on TensorFlow.

    Raises:
        ModelError: `axis` is not the last one.
        ShapeError: the shapes do not fit, or targets are not whole numbers.
    """
    what = "sparse_categorical_crossentropy"
    if ignore_class is not None:
        check_whole(what, "ignore_class", ignore_class)
    if normalize_axis(y_pred, check_whole(what, "axis", axis)) != y_pred.rank - 1:
        raise ModelError(f"{what}: the classes must be on the last axis (-1), got axis {axis} of {y_pred.type}")
    classes = y_pred.shape[-1] if y_pred.rank else 0  # of a batch compared with itself it is known when the graph runs
    if isinstance(classes, int):
        class_count(what, y_pred.type)
    indices = class_indices(y_true, y_pred, what)
    counted = None if ignore_class is None else apply(NotEqual(), indices, ignore_class)
    if counted is not None:  # any class that there is
        indices = ops.where(counted, indices, 0)
    if isinstance(classes, int):
        labels = ops.one_hot(indices, classes, y_pred.dtype)
    else:
        numbers = y_pred.graph.add(Iota(classes, indices.dtype))[0]
        labels = ops.cast(ops.equal(ops.reshape(indices, (*indices.shape, 1)), numbers), y_pred.dtype)
    logits = logits_of(y_pred, Softmax(y_pred.rank - 1), from_logits, what)
    if logits is not None:
        values = ops.softmax_crossentropy(logits, labels)
    else:
        probability = ops.clip(y_pred, SETTINGS.epsilon, 1.0 - SETTINGS.epsilon)
        values = ops.log(ops.sum(probability, -1)) - ops.log(ops.sum(labels * probability, -1))
    return values if counted is None else Masked(ops.where(counted, values, 0.0), counted)


class OneHotLoss(Loss):
    """A loss whose targets are one-hot, or probabilities of classes along its `axis`."""

    axis: int = -1

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return the output's type; numbers outside 0 … 1 are allowed, as in Keras.

        Raises:
            ModelError: the output has not one unit per class.
        """
        class_count(self.name, output, self.axis)
        return ExpectedTargets(output)


class CategoricalCrossentropy(
    FunctionMeasure, OneHotLoss, names=("CategoricalCrossentropy", "categorical_crossentropy")
):
    """The cross-entropy of one-hot targets; see `categorical_crossentropy`.

    Args:
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: axis of the classes.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = categorical_crossentropy

    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0.0)
    axis: int = whole(default=-1)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="categorical_crossentropy", alias="name")
    dtype: str | None = passed_on(default=None)


class SparseCategoricalCrossentropy(
    FunctionMeasure, Loss, names=("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy")
):
    """The cross-entropy of class indices; see `sparse_categorical_crossentropy`.

    Args:
        from_logits: whether the output holds logits instead of probabilities.
        ignore_class: class index of targets that cost nothing and do not count in a mean.
        reduction: see `Loss`.
        axis: axis of the classes, must be the last, as in Keras on TensorFlow.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = sparse_categorical_crossentropy

    from_logits: bool = flag(default=False)
    ignore_class: int | None = whole(default=None)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    axis: int = whole(default=-1, written="unless default")
    _name_given: str | None = passed_on(default="sparse_categorical_crossentropy", alias="name")
    dtype: str | None = passed_on(default=None)

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return one int32 class index per row of classes.

        Raises:
            ModelError: the output has not one unit per class on its last axis.
        """
        classes = class_count(self.name, output)
        return ExpectedTargets(TensorType("int32", output.shape[:-1]), classes=classes, ignored=self.ignore_class)
