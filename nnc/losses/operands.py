"""Prepares the operands of losses and metrics."""

from __future__ import annotations

from nnc.errors import ModelError, ShapeError
from nnc.hints.output_activation import look_at_output
from nnc.ir import Op, TensorType, Value, ops
from nnc.ir.ops.crossentropy import Softmax
from nnc.ir.ops.exponential import Sigmoid


def like_output(y_true: Value, y_pred: Value, what: str) -> Value:
    """Return targets in the output's shape and element type; a missing or surplus last axis of length 1 is no matter.

    Raises:
        ShapeError: the shapes differ otherwise.
    """
    shapes = y_true.shape, y_pred.shape
    if shapes[0] != shapes[1] and (*shapes[0], 1) != shapes[1] and shapes[0] != (*shapes[1], 1):
        raise ShapeError(
            f"{what} needs targets of the output's shape, got {y_true.type} for {y_pred.type}, which must have the same"
            " shape"
        )
    return ops.cast(ops.reshape(y_true, y_pred.shape), y_pred.dtype)


def class_indices(y_true: Value, y_pred: Value, what: str) -> Value:
    """Return class indices without a last axis of length 1.

    Raises:
        ShapeError: there is not one index per row of classes.
    """
    indices = y_true
    if y_true.rank == y_pred.rank and y_true.shape[-1] == 1:
        indices = ops.reshape(y_true, y_true.shape[:-1])
    if indices.shape != y_pred.shape[:-1]:
        raise ShapeError(
            f"{what} needs one class index per row of classes, got {y_true.type} for {y_pred.type};"
            f" for one-hot targets use '{what.removeprefix('sparse_')}'"
        )
    return indices


def logits_of(y_pred: Value, activation: Op, from_logits: bool, what: str) -> Value | None:
    """Return the numbers before the activation, or None where only probabilities are known.

    As in Keras on TensorFlow, an output that is the result of a sigmoid or a softmax is traced back to its operand,
    even where the loss expects the other of the two; then, and only here, there is a hint.

    Args:
        y_pred: the output.
        activation: the op that the loss expects to have made probabilities of logits.
        from_logits: whether the output itself is said to hold logits.
        what: name of the loss, for hints.
    """
    look_at_output(y_pred, activation, from_logits, what)
    if type(y_pred.node.op) not in (Sigmoid, Softmax):  # and no subclass, such as log_softmax
        return y_pred if from_logits else None
    return y_pred.node.operands[0]


def check_output(name: str, output: TensorType, has_units: bool = True) -> None:
    """Check that an output has rows of floating-point numbers.

    Args:
        name: name of the loss.
        output: type of the output.
        has_units: whether rows have an axis of units; else one number each is enough, over which Keras takes the mean.

    Raises:
        ModelError: it has not.
    """
    if output.rank < 1 + has_units or not output.is_floating:
        shape = "(batch, …, units)" if has_units else "(batch, …)"
        raise ModelError(f"loss '{name}' needs an output of floating-point numbers of shape {shape}, got {output}")


def class_count(name: str, output: TensorType, axis: int = -1) -> int:
    """Return the number of classes of an output.

    Raises:
        ModelError: the output has not one unit per class.
    """
    check_output(name, output)
    if not -output.rank <= axis < output.rank:
        raise ModelError(f"loss '{name}': axis {axis} is out of range for an output of type {output}")
    classes = output.shape[axis]
    if not isinstance(classes, int):
        raise ModelError(
            f"loss '{name}' needs a fixed number of classes, but axis {axis} of the output {output} has run-time"
            f" length '{classes}'; use Dense(classes) as last layer"
        )
    if classes < 2:
        raise ModelError(
            f"loss '{name}' needs an output with one unit per class, got {output}, which has {classes};"
            " use 'binary_crossentropy', or Dense(classes) with activation 'softmax' as last layer"
        )
    return classes
