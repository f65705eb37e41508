"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: what moves elements."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Concatenate": lambda ops, x: ops.concatenate([x, x], axis=-1),
    "ExpandDims": lambda ops, x: ops.expand_dims(x, axis=-2),
    "Pad": lambda ops, x: ops.pad(x, ((0, 0), (2, 0), (1, 3)), mode="reflect"),
    "Repeat": lambda ops, x: ops.repeat(x, 3, axis=-1),
    "Reshape": lambda ops, x: ops.reshape(x, (-1, 24)),
    "Squeeze": lambda ops, x: ops.squeeze(ops.expand_dims(x, 1), axis=1),
    "Stack": lambda ops, x: ops.stack([x, x + 1.0], axis=1),
    "Tile": lambda ops, x: ops.tile(x, (1, 2, 3)),
    "Transpose": lambda ops, x: ops.transpose(x, (0, 2, 1)),
}
