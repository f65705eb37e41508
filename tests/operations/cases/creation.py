"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: tensors made like others."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "OnesLike": lambda ops, x: ops.ones_like(x),
    "Tril": lambda ops, x: ops.tril(x, k=-1),
    "Triu": lambda ops, x: ops.triu(x, k=2),
    "ZerosLike": lambda ops, x: ops.zeros_like(x, dtype="int32"),
}
