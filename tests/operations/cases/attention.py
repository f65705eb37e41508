"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: attention."""

from __future__ import annotations

from typing import Any

from tests.operations.cases.case import Call


def heads(ops: Any, x: Any, count: int) -> Any:
    """Return x with so many heads."""
    return ops.reshape(x, (-1, 4, count, 6 // count))


CALLS: dict[str, Call] = {
    "DotProductAttention": lambda ops, x: ops.dot_product_attention(
        heads(ops, x, 2), heads(ops, x * x, 2), heads(ops, 1.0 / x, 2)
    ),
    "DotProductAttention with a mask": lambda ops, x: ops.dot_product_attention(
        heads(ops, x, 3),
        heads(ops, x * x, 3),
        heads(ops, 1.0 / x, 3),
        mask=ops.reshape(x > 0.7, (-1, 1, 4, 6))[:, :, :, :4],
        scale=0.3,
        is_causal=True,
        flash_attention=False,
    ),
    "DotProductAttention with a bias": lambda ops, x: ops.dot_product_attention(
        heads(ops, x, 3),
        heads(ops, x * x, 3),
        heads(ops, 1.0 / x, 3),
        bias=ops.reshape(x, (-1, 1, 4, 6))[:, :, :, :4],
    ),
    "DotProductAttention with fewer keys": lambda ops, x: ops.dot_product_attention(
        ops.reshape(x, (-1, 3, 4, 2)), ops.reshape(x * x, (-1, 6, 2, 2)), ops.reshape(1.0 / x, (-1, 6, 2, 2))
    ),
}
