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
        return (_product_type(self, operands, 0),)

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


class LaneMatMul(Op, name="lane_matmul"):
    """Product of matrices in the two axes before the last, one for each index of the last; leading axes broadcast.

    The last axis numbers replicas, which lie in the lanes of a processor's registers; it broadcasts as well.
    """

    arity: ClassVar[int | None] = 2

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return (…, rows, columns, lanes) of (…, rows, inner, lanes) and (…, inner, columns, lanes)."""
        return (_product_type(self, operands, 1),)

    def evaluate(self, *operands: Array) -> Array:
        """Multiply with NumPy, lane by lane."""
        x, y = (numpy.moveaxis(operand, -1, 0) for operand in operands)
        rank = max(x.ndim, y.ndim)
        x, y = (each.reshape(each.shape[:1] + (1,) * (rank - each.ndim) + each.shape[1:]) for each in (x, y))
        return numpy.ascontiguousarray(numpy.moveaxis(numpy.matmul(x, y), 0, -1))

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """dX = dZ Yᵀ and dY = Xᵀ dZ, lane by lane."""
        x, y = operands
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None)
        first = apply(self, cotangent, _swap(y, 1))
        second = apply(self, _swap(x, 1), cotangent)
        return unbroadcast(first, x.type), unbroadcast(second, y.type)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 2 · rows · inner · columns per matrix and lane."""
        return 2 * prod(int(dim) for dim in results[0].shape) * int(operands[0].shape[-2])


def _product_type(op: Op, operands: Sequence[TensorType], lanes: int) -> TensorType:
    """Return the type of a product of matrices, behind whose axes there may be one of lanes.

    Raises:
        ShapeError: the operands do not fit each other.
    """
    x, y = operands
    check_elements(op, operands, NUMERIC)
    dtype, axes = same_dtype(op, operands), 2 + lanes
    if x.rank < axes or y.rank < axes:
        raise ShapeError(f"'{op.name}' needs matrices{' with lanes' * lanes}, got {x} and {y}")
    x_inner, y_inner = x.shape[-1 - lanes], y.shape[-axes]
    if x_inner != y_inner:
        message = f"'{op.name}' of {x} and {y}: inner dimensions {x_inner} and {y_inner} differ"
        raise ShapeError(message, unequal=(x_inner, y_inner))
    leading = broadcast_shapes(x.shape[:-axes], y.shape[:-axes])
    last = broadcast_shapes(x.shape[x.rank - lanes :], y.shape[y.rank - lanes :])
    return TensorType(dtype, (*leading, x.shape[-axes], y.shape[-1 - lanes], *last))


def _swap(x: Value, behind: int = 0) -> Value:
    """Return a value with its last two axes, or the two in front of so many, in the other order."""
    axes = list(range(x.rank))
    first, second = x.rank - behind - 2, x.rank - behind - 1
    axes[first], axes[second] = second, first
    return transpose(x, axes)


def matmul(x: Value, y: Value) -> Value:
    """Return the matrix product of the last two axes; leading axes broadcast."""
    return apply(MatMul(), x, y)
