"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: products."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "Matmul": lambda ops, x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
}
