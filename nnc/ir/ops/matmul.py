"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import NUMERIC, Op, TensorType, Value, broadcast_shapes, size_of
from nnc.ir.ops.elementwise import Array, apply, check_elements, same_dtype, unbroadcast
from nnc.ir.ops.movement import reshape, transpose


class Product(Op):
    """Products of matrices whose axes come before `lanes` others; leading axes broadcast, and so do these."""

    arity: ClassVar[int | None] = 2
    lanes: ClassVar[int] = 0

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (…, rows, columns) of (…, rows, inner) and (…, inner, columns), each with its lanes."""
        x, y = operands
        check_elements(self, operands, NUMERIC)
        dtype, lanes = same_dtype(self, operands), self.lanes
        if x.rank < 2 + lanes or y.rank < 2 + lanes:
            raise ShapeError(f"'{self.name}' needs matrices{' with lanes' * lanes}, got {x} and {y}")
        x_inner, y_inner = x.shape[-1 - lanes], y.shape[-2 - lanes]
        if x_inner != y_inner:
            message = f"'{self.name}' of {x} and {y}: inner dimensions {x_inner} and {y_inner} differ"
            raise ShapeError(message, unequal=(x_inner, y_inner))
        leading = broadcast_shapes(x.shape[: -2 - lanes], y.shape[: -2 - lanes])
        last = broadcast_shapes(x.shape[x.rank - lanes :], y.shape[y.rank - lanes :])
        return (TensorType(dtype, (*leading, x.shape[-2 - lanes], y.shape[-1 - lanes], *last)),)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """dX = dZ Yᵀ and dY = Xᵀ dZ."""
        x, y = operands
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None)
        first, second = apply(self, cotangent, self._swapped(y)), apply(self, self._swapped(x), cotangent)
        return unbroadcast(first, x.type), unbroadcast(second, y.type)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 2 · rows · inner · columns per matrix."""
        return 2 * prod(int(dim) for dim in results[0].shape) * int(operands[0].shape[-1 - self.lanes])

    def _swapped(self, x: Value) -> Value:
        """Return matrices with rows and columns in each other's place."""
        axes, column = list(range(x.rank)), x.rank - 1 - self.lanes
        axes[column - 1], axes[column] = column, column - 1
        return transpose(x, axes)


class MatMul(Product, name="matmul"):
    """Product of matrices in the last two axes; leading axes broadcast."""

    kernel: ClassVar[tuple[int, int] | None] = (1, -1)

    def evaluate(self, *operands: Array) -> Array:
        """Multiply with NumPy."""
        return numpy.matmul(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """dX = dZ Yᵀ and dY = Xᵀ dZ; leading axes that Y lacks are folded into one product."""
        x, y = operands
        cotangent = cotangents[0]
        if cotangent is None or y.rank > 2 or x.rank == 2:
            return super().vjp(operands, results, cotangents)
        count = size_of(x.shape[:-1])
        rows, columns = reshape(x, (count, x.shape[-1])), reshape(cotangent, (count, y.shape[-1]))
        first = apply(self, cotangent, self._swapped(y))
        return unbroadcast(first, x.type), apply(self, transpose(rows), columns)


class LaneMatMul(Product, name="lane_matmul"):
    """Product of matrices in the two axes before the last, one for each index of the last; leading axes broadcast.

    The last axis numbers replicas, which lie in the lanes of a processor's registers; it broadcasts as well.
    """

    lanes: ClassVar[int] = 1

    def evaluate(self, *operands: Array) -> Array:
        """Multiply with NumPy, lane by lane."""
        x, y = (numpy.moveaxis(operand, -1, 0) for operand in operands)
        rank = max(x.ndim, y.ndim)
        x, y = (each.reshape(each.shape[:1] + (1,) * (rank - each.ndim) + each.shape[1:]) for each in (x, y))
        return numpy.ascontiguousarray(numpy.moveaxis(numpy.matmul(x, y), 0, -1))


def matmul(x: Value, y: Value) -> Value:
    """Return the matrix product of the last two axes; leading axes broadcast."""
    return apply(MatMul(), x, y)
