"""Operations of `keras.ops` that are losses, element by element or row by row, and one that compares images."""

from __future__ import annotations

from math import log10

from nnc import losses, ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.binary import binary_values
from nnc.losses.measure import Masked
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
