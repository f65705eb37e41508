"""Cross-entropies that hard examples dominate: focal losses; and one that wrong targets do not."""

from __future__ import annotations

from nnc.arguments import flag, number, passed_on, whole
from nnc.choices import Reduction
from nnc.hints.output_activation import look_at_output
from nnc.ir import TensorType, Value, ops
from nnc.ir.ops.crossentropy import Softmax
from nnc.ir.ops.exponential import Sigmoid
from nnc.ir.ops.movement import normalize_axis
from nnc.losses.arrays import takes_arrays
from nnc.losses.binary import BinaryLoss, binary_values, smoothed
from nnc.losses.categorical import OneHotLoss, smoothed_classes
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import Loss
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import class_count, class_indices, like_output
from nnc.settings import SETTINGS


@takes_arrays
def binary_focal_crossentropy(
    y_true: Value,
    y_pred: Value,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Value:
    """Return the mean over an axis of the binary cross-entropy times (1 - p of the target)^gamma.

    Source: Lin et al., Focal Loss for Dense Object Detection, 2017.

    Args:
        y_true: targets from 0 to 1, shape (batch, …).
        y_pred: output of the same shape.
        apply_class_balancing: whether the classes have the factors `alpha` and 1 - `alpha`.
        alpha: factor of class 1.
        gamma: how much easy examples lose.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.
        axis: axis to take the mean over.

    Raises:
        ShapeError: the shapes differ.
    """
    what = "binary_focal_crossentropy"
    labels = smoothed(like_output(y_true, y_pred, what), label_smoothing)
    if from_logits:
        look_at_output(y_pred, Sigmoid(), from_logits, what, sees_through=False)
    probability = ops.sigmoid(y_pred) if from_logits else y_pred
    values = binary_values(labels, probability, False, what)
    hit = labels * probability + (1.0 - labels) * (1.0 - probability)
    values = (1.0 - hit) ** gamma * values
    if apply_class_balancing:
        values = (labels * alpha + (1.0 - labels) * (1.0 - alpha)) * values
    return ops.mean(values, axis)


@takes_arrays
def categorical_focal_crossentropy(
    y_true: Value,
    y_pred: Value,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Value:
    """Return -sum(alpha · (1 - p)^gamma · y log p) over an axis, with p scaled to sum to 1, 10⁻⁷ from 0 and 1.

    Source: Lin et al., Focal Loss for Dense Object Detection, 2017.

    Args:
        y_true: one-hot targets or probabilities, shape (batch, …, classes).
        y_pred: output of the same shape.
        alpha: factor of all classes.
        gamma: how much easy examples lose.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: axis of the classes.

    Raises:
        ShapeError: the shapes differ, or there is no such axis.
    """
    what = "categorical_focal_crossentropy"
    labels = smoothed_classes(like_output(y_true, y_pred, what), label_smoothing)
    look_at_output(y_pred, Softmax(normalize_axis(y_pred, axis)), from_logits, what, sees_through=False)
    output = ops.softmax(y_pred, axis) if from_logits else y_pred
    p = ops.clip(output / ops.sum(output, axis, keepdims=True), SETTINGS.epsilon, 1.0 - SETTINGS.epsilon)
    return ops.sum((1.0 - p) ** gamma * alpha * (-labels * ops.log(p)), axis)


@takes_arrays
def categorical_generalized_cross_entropy(y_true: Value, y_pred: Value, q: float) -> Value:
    """Return (1 - p^q) / q with the probability p of the class of the given index.

    Source: Zhang & Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, 2018.

    Args:
        y_true: class indices, whole numbers of shape (batch, …) or (batch, …, 1).
        y_pred: probabilities, shape (batch, …, classes).
        q: between 0, the cross-entropy, and 1, the absolute error.

    Raises:
        ShapeError: the shapes do not fit, or targets are not whole numbers.
    """
    what = "categorical_generalized_cross_entropy"
    classes = class_count(what, y_pred.type)
    look_at_output(y_pred, Softmax(y_pred.rank - 1), False, what, sees_through=False)
    labels = ops.one_hot(class_indices(y_true, y_pred, what), classes, y_pred.dtype)
    return (1.0 - ops.sum(y_pred * labels, -1) ** q) / q


class BinaryFocalCrossentropy(
    FunctionMeasure, BinaryLoss, names=("BinaryFocalCrossentropy", "binary_focal_crossentropy")
):
    """The cross-entropy of yes-or-no targets, most of it that of hard examples; see `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: whether the classes have factors.
        alpha: factor of class 1.
        gamma: how much easy examples lose.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.
        axis: axis to take the mean over.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = binary_focal_crossentropy

    apply_class_balancing: bool = flag(default=False)
    alpha: float = number(default=0.25)
    gamma: float = number(default=2.0)
    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0.0)
    axis: int = whole(default=-1)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="binary_focal_crossentropy", alias="name")
    dtype: str | None = passed_on(default=None)


class CategoricalFocalCrossentropy(
    FunctionMeasure, OneHotLoss, names=("CategoricalFocalCrossentropy", "categorical_focal_crossentropy")
):
    """The cross-entropy of one-hot targets, most of it that of hard examples; see `categorical_focal_crossentropy`.

    Args:
        alpha: factor of all classes.
        gamma: how much easy examples lose.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards 1 / classes.
        axis: axis of the classes.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = categorical_focal_crossentropy

    alpha: float = number(default=0.25)
    gamma: float = number(default=2.0)
    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0.0)
    axis: int = whole(default=-1)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="categorical_focal_crossentropy", alias="name")
    dtype: str | None = passed_on(default=None)


class CategoricalGeneralizedCrossEntropy(
    FunctionMeasure, Loss, names=("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy")
):
    """A cross-entropy of class indices that bears wrong ones; see `categorical_generalized_cross_entropy`.

    Args:
        q: between 0, the cross-entropy, and 1, the absolute error.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = categorical_generalized_cross_entropy

    q: float = number(above=0, below=1, default=0.5)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="categorical_generalized_cross_entropy", alias="name")
    dtype: str | None = passed_on(default=None)

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return one int32 class index per row of classes.

        Raises:
            ModelError: the output has not one unit per class on its last axis.
        """
        classes = class_count(self.name, output)
        return ExpectedTargets(TensorType("int32", output.shape[:-1]), classes=classes)
