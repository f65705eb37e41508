"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: reductions."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "All": lambda ops, x: ops.all(x > 0.6, axis=-1),
    "Any": lambda ops, x: ops.any(x > 1.4, axis=1, keepdims=True),
    "Argmax": lambda ops, x: ops.argmax(x, axis=-1),
    "Argmin": lambda ops, x: ops.argmin(x, axis=1, keepdims=True),
    "Max": lambda ops, x: ops.max(x, axis=1, keepdims=True),
    "Mean": lambda ops, x: ops.mean(x, axis=[1, 2]),
    "Min": lambda ops, x: ops.min(x, axis=-1),
    "Prod": lambda ops, x: ops.prod(x, axis=(1, 2), keepdims=True),
    "Sum": lambda ops, x: ops.sum(x, axis=-1, keepdims=False),
    "Var": lambda ops, x: ops.var(x, axis=1),
}
