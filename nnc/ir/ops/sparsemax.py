"""Sparsemax: the point of the probability simplex nearest to the operand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import Op, TensorType, Value
from nnc.ir.ops.comparison import Greater
from nnc.ir.ops.elementwise import Array, apply
from nnc.ir.ops.reduction import check_choice, single_axis, sum


def write_sparsemax(x: Array, out: Array, axis: int) -> None:
    """Write max(x - τ, 0) into `out`, with τ such that the result sums to 1 along the axis.

    Algorithm 1 of A. F. T. Martins and R. F. Astudillo, "From softmax to sparsemax", ICML 2016.

    Args:
        x: floats, any shape with at least one axis; must not overlap `out`.
        out: floats of x's shape.
        axis: axis of length 1 or more along which the result sums to 1.
    """
    numpy.subtract(x, x.max(axis=axis, keepdims=True), out=out)
    descending = numpy.flip(numpy.sort(out, axis=axis), axis)
    sums = numpy.cumsum(descending, axis=axis, dtype=out.dtype)
    counts = numpy.arange(1, x.shape[axis] + 1, dtype=out.dtype)
    counts = counts.reshape([-1 if position == axis % x.ndim else 1 for position in range(x.ndim)])
    support = numpy.count_nonzero(descending * counts + 1 > sums, axis=axis, keepdims=True)
    support = numpy.maximum(support, 1)  # none where a NaN makes every comparison false
    threshold = (numpy.take_along_axis(sums, support - 1, axis) - 1) / support.astype(out.dtype)
    numpy.subtract(out, threshold, out=out)
    numpy.maximum(out, 0, out=out)


@dataclass(frozen=True)
class Sparsemax(Op, name="sparsemax"):
    """The Euclidean projection onto the probability simplex along an axis (Martins and Astudillo, 2016).

    Args:
        axis: axis along which the result sums to 1, from 0.
    """

    arity: ClassVar[int | None] = 1
    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        (x,) = operands
        if not 0 <= self.axis < x.rank:
            raise ShapeError(f"'sparsemax' along axis {self.axis} does not fit {x}")
        if not x.is_floating:
            raise ShapeError(f"'sparsemax' needs floating-point numbers, got {x}")
        check_choice(self, x, (self.axis,))
        return operands

    def evaluate(self, *operands: Array) -> Array:
        """Project with a fresh array."""
        out = numpy.empty_like(operands[0])
        write_sparsemax(operands[0], out, self.axis)
        return out

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """s (c - sum(c s) / sum(s)), where s is 1 on the support of the result."""
        y, cotangent = results[0], cotangents[0]
        if cotangent is None:
            return (None,)
        support = apply(Greater(dtype=y.dtype), y, 0.0)
        mean = sum(cotangent * support, self.axis, keepdims=True) / sum(support, self.axis, keepdims=True)
        return (support * (cotangent - mean),)


def sparsemax(x: Value, axis: int = -1) -> Value:
    """Return the projection onto the probability simplex along an axis.

    Raises:
        ShapeError: there is no such axis, or there are several.
    """
    place = single_axis(x, axis)
    return x if x.type.size == 0 else apply(Sparsemax(place), x)
