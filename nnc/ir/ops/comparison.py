"""Comparisons, logic, and the choice between two values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import NUMERIC, Op, TensorType, Value, broadcast_shapes
from nnc.ir.ops.elementwise import Array, Binary, apply, same_dtype, unbroadcast


@dataclass(frozen=True)
class Comparison(Binary):
    """Compares two operands; the result is bool, or 0 and 1 in another element type, to calculate with."""

    inplace: ClassVar[tuple[int, ...]] = ()
    accepts: ClassVar[frozenset[str]] = NUMERIC | {"bool"}
    dtype: str = "bool"

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the broadcast shape with the comparison's element type."""
        return (super().infer(*operands)[0].with_dtype(self.dtype),)

    def evaluate(self, *operands: Array) -> Array:
        """Compare, then convert."""
        return self.ufunc(*operands).astype(self.dtype)

    def pullbacks(self, x: Value, y: Value, z: Value, cotangent: Value) -> tuple[Value | None, Value | None]:
        """A comparison is flat."""
        return None, None


class Equal(Comparison, name="equal"):
    """x = y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.equal


class NotEqual(Comparison, name="not_equal"):
    """x ≠ y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.not_equal


class Less(Comparison, name="less"):
    """x < y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.less


class LessEqual(Comparison, name="less_equal"):
    """x ≤ y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.less_equal


class Greater(Comparison, name="greater"):
    """x > y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.greater


class GreaterEqual(Comparison, name="greater_equal"):
    """x ≥ y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.greater_equal


class LogicalAnd(Comparison, name="logical_and"):
    """x and y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.logical_and


class LogicalOr(Comparison, name="logical_or"):
    """x or y."""

    ufunc: ClassVar[numpy.ufunc] = numpy.logical_or


class Where(Op, name="where"):
    """The second operand where the first (bool) is true, otherwise the third."""

    arity: ClassVar[int | None] = 3
    elementwise: ClassVar[bool] = True
    inplace: ClassVar[tuple[int, ...]] = (2,)

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the broadcast type of the two values."""
        condition, x, y = operands
        if condition.dtype != "bool":
            raise ShapeError(f"the condition of 'where' must be bool, got {condition}")
        shape = broadcast_shapes(condition.shape, x.shape, y.shape)
        return (TensorType(same_dtype(self, (x, y)), shape),)

    def evaluate(self, *operands: Array) -> Array:
        """Choose element by element."""
        return numpy.where(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Give each element of the cotangent to the operand it was taken from."""
        condition, x, y = operands
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None, None)
        zero = cotangent.graph.constant(0.0, cotangent.dtype)
        first, second = apply(self, condition, cotangent, zero), apply(self, condition, zero, cotangent)
        return None, unbroadcast(first, x.type), unbroadcast(second, y.type)


def equal(x: Value, y: Any) -> Value:
    """Return whether elements are equal, as bool."""
    return apply(Equal(), x, y)


def where(condition: Value, x: Any, y: Any) -> Value:
    """Return `x` where the bool `condition` holds, otherwise `y`; one of them may be a number."""
    like = x if isinstance(x, Value) else y
    graph = condition.graph
    if not isinstance(like, Value):
        raise TypeError("'where' needs a graph value to choose from, got two numbers")
    return apply(Where(), condition, graph.as_value(x, like=like), graph.as_value(y, like=like))


def logical_and(x: Value, y: Value) -> Value:
    """Return whether both hold."""
    return apply(LogicalAnd(), x, y)


def logical_or(x: Value, y: Value) -> Value:
    """Return whether one holds."""
    return apply(LogicalOr(), x, y)
