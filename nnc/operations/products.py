"""Products of matrices and of tensors."""

from __future__ import annotations

from nnc import ops
from nnc.ir import Value
from nnc.operations.registry import operation


@operation("Matmul", promotes=True)
def matmul(x1: Value, x2: Value) -> Value:
    """Return the products of matrices."""
    return x1 @ x2


@operation("Einsum", promotes=True)
def einsum(*operands: Value, subscripts: str) -> Value:
    """Return sums of products in Einstein's notation."""
    return ops.einsum(subscripts, *operands)
