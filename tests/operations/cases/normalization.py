"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: normalisation and norms."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "BatchNorm": lambda ops, x: ops.batch_normalization(
        x,
        ops.mean(x, axis=(0, 1)),
        ops.var(x, axis=(0, 1)),
        axis=-1,
        offset=ops.mean(x, axis=(0, 1)),
        scale=ops.mean(x, axis=0)[1],
        epsilon=0.01,
    ),
    "BatchNorm axis 1": lambda ops, x: ops.batch_normalization(
        x, ops.mean(x, axis=0)[:, 0], ops.mean(x, axis=0)[:, 1], axis=1, scale=ops.mean(x, axis=0)[:, 2]
    ),
    "LayerNorm": lambda ops, x: ops.layer_normalization(x, ops.mean(x, axis=(0, 1)), ops.mean(x, axis=0)[1] - 1.0),
    "LayerNorm axes": lambda ops, x: ops.layer_normalization(x, gamma=ops.mean(x, axis=0), axis=(1, -1), epsilon=0.1),
    "LayerNorm axis 1": lambda ops, x: ops.layer_normalization(x, beta=ops.mean(x, axis=0)[:, 2], axis=1, epsilon=0.01),
    "Norm": lambda ops, x: ops.norm(x - 1.0, axis=-1),
    "Norm 0": lambda ops, x: ops.norm(ops.relu(x - 1.0), ord=0, axis=1),
    "Norm 1": lambda ops, x: ops.norm(x - 1.0, ord=1, axis=-1, keepdims=True),
    "Norm 3": lambda ops, x: ops.norm(x, ord=3, axis=1),
    "Norm fro": lambda ops, x: ops.norm(x - 1.0, ord="fro", axis=(1, 2), keepdims=True),
    "Norm inf": lambda ops, x: ops.norm(x - 1.0, ord=float("inf"), axis=-1),
    "Norm -inf": lambda ops, x: ops.norm(x - 1.0, ord=float("-inf"), axis=1),
    "Norm of columns": lambda ops, x: ops.norm(x - 1.0, ord=1, axis=(1, 2)),
    "Norm of rows": lambda ops, x: ops.norm(x - 1.0, ord=float("inf"), axis=(1, 2), keepdims=True),
    "Norm of small columns": lambda ops, x: ops.norm(x - 1.0, ord=-1, axis=(2, 1)),
    "Norm of small rows": lambda ops, x: ops.norm(x - 1.0, ord=float("-inf"), axis=(1, 2)),
    "Norm of whole numbers": lambda ops, x: ops.norm(ops.cast(x * 10.0, "int32"), axis=-1),
    "RMSNorm": lambda ops, x: ops.rms_normalization(x, ops.mean(x, axis=(0, 1))),
    "RMSNorm axes": lambda ops, x: ops.rms_normalization(x, axis=(1, 2), epsilon=0.1),
}
