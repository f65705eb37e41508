"""Sums and products of all elements up to each one, along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import NUMERIC, Op, TensorType, Value
from nnc.ops.comparison import equal, where
from nnc.ops.elementwise import Array, apply, check_elements
from nnc.ops.movement import flip
from nnc.ops.reduction import single_axis


@dataclass(frozen=True)
class Accumulation(Op):
    """Combines each element with all before it.

    Args:
        axis: the axis, from 0.
    """

    arity: ClassVar[int | None] = 1
    inplace: ClassVar[tuple[int, ...]] = (0,)
    ufunc: ClassVar[numpy.ufunc]
    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        (x,) = operands
        check_elements(self, operands, NUMERIC)
        if not 0 <= self.axis < x.rank:
            raise ShapeError(f"'{self.name}' along axis {self.axis} does not fit {x}")
        return operands

    def evaluate(self, *operands: Array) -> Array:
        """Accumulate with NumPy's ufunc, in the operand's own element type."""
        x = operands[0]
        return self.ufunc.accumulate(x, axis=self.axis, dtype=x.dtype)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return one operation per element."""
        return prod(int(dim) for dim in operands[0].shape)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Pull the cotangent back."""
        cotangent = cotangents[0]
        return (None if cotangent is None else self.pullback(operands[0], results[0], cotangent),)

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value:
        """Return the operand's cotangent."""
        raise TypeError(f"operation '{self.name}' has no derivative")

    def from_the_end(self, x: Value) -> Value:
        """Return the sums of all elements from each one on."""
        return flip(cumulative_sum(flip(x, self.axis), self.axis), self.axis)


class CumulativeSum(Accumulation, name="cumulative_sum"):
    """y[i] = x[0] + … + x[i] along an axis."""

    ufunc: ClassVar[numpy.ufunc] = numpy.add

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value:
        """An element is in every sum from its own on."""
        return self.from_the_end(cotangent)


class CumulativeProduct(Accumulation, name="cumulative_product"):
    """y[i] = x[0] · … · x[i] along an axis; where an element is 0 its derivative is 0, as in TensorFlow."""

    ufunc: ClassVar[numpy.ufunc] = numpy.multiply

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value:
        """An element is a factor of every product from its own on."""
        is_zero = equal(x, 0.0)
        return where(is_zero, 0.0, self.from_the_end(y * cotangent) / where(is_zero, 1.0, x))


def cumulative_sum(x: Value, axis: int = -1) -> Value:
    """Return the sum of all elements up to each one along an axis."""
    return apply(CumulativeSum(single_axis(x, axis)), x)


def cumulative_product(x: Value, axis: int = -1) -> Value:
    """Return the product of all elements up to each one along an axis."""
    return apply(CumulativeProduct(single_axis(x, axis)), x)
