"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import NUMERIC, Op, TensorType, Value, broadcast_shapes, size_of
from nnc.ops.elementwise import Array, apply, check_elements, same_dtype, unbroadcast
from nnc.ops.movement import reshape, transpose


class MatMul(Op, name="matmul"):
    """Product of matrices in the last two axes; leading axes broadcast."""

    arity: ClassVar[int | None] = 2
    kernel: ClassVar[tuple[int, int] | None] = (1, -1)

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (…, rows, columns) of (…, rows, inner) and (…, inner, columns)."""
        x, y = operands
        check_elements(self, operands, NUMERIC)
        dtype = same_dtype(self, operands)
        if x.rank < 2 or y.rank < 2:
            raise ShapeError(f"'matmul' needs matrices, got {x} and {y}")
        if x.shape[-1] != y.shape[-2]:
            message = f"'matmul' of {x} and {y}: inner dimensions {x.shape[-1]} and {y.shape[-2]} differ"
            raise ShapeError(message, unequal=(x.shape[-1], y.shape[-2]))
        leading = broadcast_shapes(x.shape[:-2], y.shape[:-2])
        return (TensorType(dtype, (*leading, x.shape[-2], y.shape[-1])),)

    def evaluate(self, *operands: Array) -> Array:
        """Multiply with NumPy."""
        return numpy.matmul(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """dX = dZ Yᵀ and dY = Xᵀ dZ; leading axes that Y lacks are folded into one product."""
        x, y = operands
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None)
        first = apply(self, cotangent, _swap(y))
        if y.rank == 2 and x.rank > 2:
            count = size_of(x.shape[:-1])
            rows, columns = reshape(x, (count, x.shape[-1])), reshape(cotangent, (count, y.shape[-1]))
            return unbroadcast(first, x.type), apply(self, transpose(rows), columns)
        second = apply(self, _swap(x), cotangent)
        return unbroadcast(first, x.type), unbroadcast(second, y.type)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 2 · rows · inner · columns per matrix."""
        return 2 * prod(int(dim) for dim in results[0].shape) * int(operands[0].shape[-1])


def _swap(x: Value) -> Value:
    axes = list(range(x.rank))
    axes[-2:] = axes[-1], axes[-2]
    return transpose(x, axes)


def matmul(x: Value, y: Value) -> Value:
    """Return the matrix product of the last two axes; leading axes broadcast."""
    return apply(MatMul(), x, y)
