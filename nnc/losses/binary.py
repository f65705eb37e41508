"""The cross-entropy of yes-or-no targets."""

from __future__ import annotations

from nnc.arguments import flag, number, passed_on, whole
from nnc.choices import Reduction
from nnc.ir import TensorType, Value, ops
from nnc.ir.ops.exponential import Sigmoid
from nnc.losses.arrays import takes_arrays
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import Loss
from nnc.losses.measure import FunctionMeasure
from nnc.losses.operands import check_output, like_output, logits_of
from nnc.settings import SETTINGS


@takes_arrays
def binary_crossentropy(
    y_true: Value, y_pred: Value, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Value:
    """Return mean(-y log p - (1 - y) log(1 - p)) over an axis (keras.io/api/losses/probabilistic_losses).

    Where the output is the result of a sigmoid, or holds logits x, this is log(1 + exp(x)) - x y, exact for large x;
    otherwise p is the output, kept 10⁻⁷ from 0 and 1. Of a softmax, too, Keras takes the operand for logits.

    Args:
        y_true: targets from 0 to 1, shape (batch, …).
        y_pred: output of the same shape.
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.
        axis: axis to take the mean over.

    Raises:
        ShapeError: the shapes differ.
    """
    labels = smoothed(like_output(y_true, y_pred, "binary_crossentropy"), label_smoothing)
    return ops.mean(binary_values(labels, y_pred, from_logits, "binary_crossentropy"), axis)


def smoothed(labels: Value, label_smoothing: float) -> Value:
    """Return yes-or-no targets moved towards ½."""
    return labels * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else labels


def binary_values(labels: Value, y_pred: Value, from_logits: bool, what: str) -> Value:
    """Return the binary cross-entropy element by element; see `binary_crossentropy`.

    Args:
        labels: targets from 0 to 1, of the output's type.
        y_pred: the output.
        from_logits: whether the output holds logits instead of probabilities.
        what: name of the loss, for hints.
    """
    logits = logits_of(y_pred, Sigmoid(), from_logits, what)
    if logits is not None:
        return ops.sigmoid_crossentropy(logits, labels)
    probability = ops.clip(y_pred, SETTINGS.epsilon, 1.0 - SETTINGS.epsilon)
    return (labels - 1.0) * ops.log(1.0 - probability) - labels * ops.log(probability)


class BinaryLoss(Loss):
    """A loss whose targets are numbers from 0 to 1, one per unit."""

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return the output's type, with numbers from 0 to 1.

        Raises:
            ModelError: the output is not an array of rows of floating-point numbers.
        """
        check_output(self.name, output, has_units=False)
        return ExpectedTargets(output, exact=output.rank == 1, low=0.0, high=1.0)


class BinaryCrossentropy(
    FunctionMeasure, BinaryLoss, names=("BinaryCrossentropy", "binary_crossentropy", "BCE", "bce")
):
    """The cross-entropy of yes-or-no targets; see `binary_crossentropy`.

    Args:
        from_logits: whether the output holds logits instead of probabilities.
        label_smoothing: from 0 to 1; moves targets towards ½.
        axis: axis to take the mean over.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ModelError: an argument is wrong.
    """

    function = binary_crossentropy

    from_logits: bool = flag(default=False)
    label_smoothing: float = number(0, 1, default=0.0)
    axis: int = whole(default=-1)
    reduction: Reduction | None = passed_on(default="sum_over_batch_size")
    _name_given: str | None = passed_on(default="binary_crossentropy", alias="name")
    dtype: str | None = passed_on(default=None)
