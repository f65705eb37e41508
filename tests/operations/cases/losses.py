"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: losses, and how alike images are."""

from __future__ import annotations

from typing import Any

from tests.operations.cases.case import Call


def labels(ops: Any, x: Any) -> Any:
    """Return labels from 1 to 3."""
    return 1 + ops.cast(3.0 * (x[:, 0, :3] - 0.5), "int32")


def lengths(ops: Any, x: Any) -> tuple[Any, Any]:
    """Return how many labels count, 1 or 2, and how many times, 3 or 4."""
    return 1 + ops.cast(x[:, 1, 0] > 1.0, "int32"), 3 + ops.cast(x[:, 1, 1] > 0.8, "int32")


CALLS: dict[str, Call] = {
    "BinaryCrossentropy": lambda ops, x: ops.binary_crossentropy(x - 0.5, x * 0.6),
    "BinaryCrossentropy of logits": lambda ops, x: ops.binary_crossentropy(x - 0.5, 3.0 * x - 3.0, from_logits=True),
    "CategoricalCrossentropy": lambda ops, x: ops.categorical_crossentropy(x, x * x),
    "CategoricalCrossentropy of logits": lambda ops, x: ops.categorical_crossentropy(
        ops.softmax(x, axis=1), x * x, from_logits=True, axis=1
    ),
    "CTCLoss": lambda ops, x: ops.ctc_loss(labels(ops, x), 3.0 * x, *lengths(ops, x)),
    "CTCLoss with another blank": lambda ops, x: ops.ctc_loss(
        labels(ops, x) - 1, 3.0 * x, *lengths(ops, x), mask_index=5
    ),
    "CTCLoss with a blank between": lambda ops, x: ops.ctc_loss(
        2 * (labels(ops, x) - 1), 3.0 * x, *lengths(ops, x), mask_index=3
    ),
    "PSNR": lambda ops, x: x + ops.psnr(x, x * x, max_val=1.5),
    "SparseCategoricalCrossentropy": lambda ops, x: ops.sparse_categorical_crossentropy(
        ops.cast(3.0 * x[:, :, 0], "int32"), x
    ),
    "SparseCategoricalCrossentropy of logits": lambda ops, x: ops.sparse_categorical_crossentropy(
        3.0 * x[:, :, :1], 4.0 * x, from_logits=True
    ),
}
