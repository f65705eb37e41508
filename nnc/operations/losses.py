"""Operations of `keras.ops` that are losses, element by element or row by row, and one that compares images."""

from __future__ import annotations

from math import log10

from nnc import losses
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Equal, Less
from nnc.ir.ops.elementwise import apply
from nnc.losses.binary import binary_values
from nnc.losses.ctc import alignment_loss
from nnc.losses.measure import Masked
from nnc.losses.operands import class_count, class_indices
from nnc.operations.attention import positions
from nnc.operations.elementwise import log10 as log10_of
from nnc.operations.registry import operation


@operation("BinaryCrossentropy", module="nn")
def binary_crossentropy(target: Value, output: Value, from_logits: bool = False) -> Value:
    """Return the cross-entropy of each yes-or-no target.

    Raises:
        ModelError: the shapes differ.
    """
    _check_shapes("BinaryCrossentropy", target, output)
    return binary_values(ops.cast(target, output.dtype), output, from_logits, "BinaryCrossentropy")


@operation("CategoricalCrossentropy", module="nn")
def categorical_crossentropy(target: Value, output: Value, from_logits: bool = False, axis: int = -1) -> Value:
    """Return the cross-entropy of each one-hot target.

    Raises:
        ModelError: the shapes differ.
    """
    _check_shapes("CategoricalCrossentropy", target, output)
    return losses.categorical_crossentropy(target, output, from_logits, axis=axis)


@operation("SparseCategoricalCrossentropy", module="nn")
def sparse_categorical_crossentropy(target: Value, output: Value, from_logits: bool = False, axis: int = -1) -> Value:
    """Return the cross-entropy of each class index."""
    indices = ops.cast(target, "int64") if target.type.is_floating or target.dtype == "bool" else target
    if from_logits and axis in (-1, output.rank - 1) and not isinstance(output.shape[-1], int):
        places = class_indices(indices, output, "SparseCategoricalCrossentropy")
        rows = ops.reshape(places, (*places.shape, 1))
        labels = ops.cast(
            apply(Equal(), rows, ops.cast(positions(output, output.shape[-1], (-1,)), rows.dtype)), output.dtype
        )
        return ops.softmax_crossentropy(output, labels)
    found = losses.sparse_categorical_crossentropy(indices, output, from_logits, axis=axis)
    assert not isinstance(found, Masked)  # no class is ignored
    return found


def _check_shapes(what: str, target: Value, output: Value) -> None:
    if target.shape != output.shape:
        raise ModelError(f"{what}: target and output must have the same shape, got {target.type} and {output.type}")


@operation("PSNR", module="nn")
def psnr(x1: Value, x2: Value, max_val: float) -> Value:
    """Return the peak signal-to-noise ratio in decibels, one number for all images; infinite where they are equal.

    Raises:
        ModelError: the shapes differ.
    """
    _check_shapes("PSNR", x1, x2)
    return 20.0 * log10(max_val) - 10.0 * log10_of(ops.mean(ops.square(x1 - x2)))


@operation("CTCLoss", module="nn")
def ctc_loss(target: Value, output: Value, target_length: Value, output_length: Value, mask_index: int = 0) -> Value:
    """Return minus the log-probability that the output reads as the target; see `nnc.losses.ctc`.

    Args:
        target: labels, whole numbers of shape (batch, labels).
        output: logits, shape (batch, time, classes).
        target_length: how many of the labels count, whole numbers of shape (batch,).
        output_length: how many of the times count.
        mask_index: the class that is the blank; a negative one counts from the last.

    Raises:
        ModelError: an operand has another shape, or there is no such class.
    """
    ranks = target.rank, output.rank, target_length.rank, output_length.rank
    if ranks != (2, 3, 1, 1):
        raise ModelError(f"CTCLoss: operands must have 2, 3, 1 and 1 axes, got {ranks}")
    classes = class_count("CTCLoss", output.type)
    if not -classes <= mask_index < classes:
        raise ModelError(f"CTCLoss: mask_index must be one of {classes} classes, got {mask_index}")
    blank = mask_index % classes
    labels = ops.cast(target, "int32")
    logits = ops.cast(output, "float32")
    if blank:  # it comes first, and what was before it behind
        parts = (blank, blank + 1), (0, blank), (blank + 1, classes)
        logits = ops.concatenate([ops.take(logits, 2, start, stop) for start, stop in parts if start < stop], 2)
        labels = ops.where(apply(Less(), labels, blank), labels + 1, labels)
    counts, lengths = (ops.reshape(ops.cast(item, "int32"), (-1, 1)) for item in (target_length, output_length))
    return ops.cast(alignment_loss(labels, logits, counts, lengths), output.dtype)
