"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: losses, and how alike images are."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "BinaryCrossentropy": lambda ops, x: ops.binary_crossentropy(x - 0.5, x * 0.6),
    "BinaryCrossentropy of logits": lambda ops, x: ops.binary_crossentropy(x - 0.5, 3.0 * x - 3.0, from_logits=True),
    "CategoricalCrossentropy": lambda ops, x: ops.categorical_crossentropy(x, x * x),
    "CategoricalCrossentropy of logits": lambda ops, x: ops.categorical_crossentropy(
        ops.softmax(x, axis=1), x * x, from_logits=True, axis=1
    ),
    "PSNR": lambda ops, x: x + ops.psnr(x, x * x, max_val=1.5),
    "SparseCategoricalCrossentropy": lambda ops, x: ops.sparse_categorical_crossentropy(
        ops.cast(3.0 * x[:, :, 0], "int32"), x
    ),
    "SparseCategoricalCrossentropy of logits": lambda ops, x: ops.sparse_categorical_crossentropy(
        3.0 * x[:, :, :1], 4.0 * x, from_logits=True
    ),
}
