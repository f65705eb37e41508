"""Sums, means and maxima over axes, the position of the largest element, and what is summed up to each element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import NUMERIC, Op, TensorType, Value
from nnc.ir.ops.comparison import Equal, equal, where
from nnc.ir.ops.elementwise import Array, apply, check_elements
from nnc.ir.ops.movement import BroadcastTo, flip, normalize_axis, reshape
from nnc.ir.ops.sizes import size


@dataclass(frozen=True)
class Reduction(Op):
    """Combines the elements along `axes`.

    Args:
        axes: axes to reduce, from 0, ascending.
        keepdims: whether reduced axes stay, with length 1.
    """

    arity: ClassVar[int | None] = 1
    ufunc: ClassVar[numpy.ufunc]
    axes: tuple[int, ...]
    keepdims: bool = False

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type without the reduced axes (or with length 1 there)."""
        (x,) = operands
        if list(self.axes) != sorted({axis for axis in self.axes if 0 <= axis < x.rank}):
            raise ShapeError(f"'{self.name}' over axes {list(self.axes)} does not fit {x}")
        if self.keepdims:
            return (x.with_shape(1 if axis in self.axes else dim for axis, dim in enumerate(x.shape)),)
        return (x.with_shape(dim for axis, dim in enumerate(x.shape) if axis not in self.axes),)

    def evaluate(self, *operands: Array) -> Array:
        """Reduce with NumPy's ufunc, in the operand's own element type."""
        x = operands[0]
        return self.ufunc.reduce(x, axis=self.axes, dtype=x.dtype, keepdims=self.keepdims)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return one operation per element read."""
        return prod(int(dim) for dim in operands[0].shape)

    def kept(self, value: Value, x: Value) -> Value:
        """Return `value`, of this reduction's result type, with the reduced axes as length 1."""
        shape = tuple(1 if axis in self.axes else dim for axis, dim in enumerate(x.shape))
        return value if value.shape == shape else reshape(value, shape)


class Sum(Reduction, name="sum"):
    """Sum over axes."""

    ufunc: ClassVar[numpy.ufunc] = numpy.add

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type without the reduced axes; truth values are counted after a cast."""
        check_elements(self, operands, NUMERIC)
        return super().infer(*operands)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Every element gets the cotangent."""
        x, cotangent = operands[0], cotangents[0]
        if cotangent is None:
            return (None,)
        return (apply(BroadcastTo(shape=x.shape), self.kept(cotangent, x)),)


class Max(Reduction, name="max"):
    """Maximum over axes; ties share the gradient evenly, as in TensorFlow."""

    ufunc: ClassVar[numpy.ufunc] = numpy.maximum

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type without the reduced axes; there must be an element."""
        found = super().infer(*operands)
        check_choice(self, operands[0], self.axes)
        return found

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """The largest elements share the cotangent."""
        x, cotangent = operands[0], cotangents[0]
        if cotangent is None:
            return (None,)
        chosen = apply(Equal(dtype=x.dtype), x, self.kept(results[0], x))
        count = apply(Sum(axes=self.axes, keepdims=True), chosen)
        return (chosen * (self.kept(cotangent, x) / count),)


@dataclass(frozen=True)
class ArgMax(Op, name="argmax"):
    """Index of the first largest element along an axis, as int64."""

    arity: ClassVar[int | None] = 1
    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type without the axis."""
        (x,) = operands
        if not 0 <= self.axis < x.rank:
            raise ShapeError(f"'argmax' over axis {self.axis} does not fit {x}")
        check_choice(self, x, (self.axis,))
        return (TensorType("int64", x.shape[: self.axis] + x.shape[self.axis + 1 :]),)

    def evaluate(self, *operands: Array) -> Array:
        """Find it with NumPy."""
        return numpy.argmax(operands[0], axis=self.axis)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """An index is flat."""
        return (None,)


def check_choice(op: Op, x: TensorType, axes: Sequence[int]) -> None:
    """Check that there is something to choose from along axes; where their lengths are symbols, once these have sizes.

    Raises:
        ShapeError: an axis is empty.
    """
    if any(x.shape[axis] == 0 for axis in axes):
        raise ShapeError(f"'{op.name}' over axes {list(axes)} of {x} has nothing to choose from")


def normalize_axes(x: Value, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return axes counted from 0, ascending; None means all.

    Raises:
        ShapeError: an axis is out of range or occurs twice.
    """
    given = range(x.rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(sorted(normalize_axis(x, item) for item in given))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axes {list(given)} of {x.type} name an axis twice")
    return axes


def single_axis(x: Value, axis: int | Sequence[int]) -> int:
    """Return one axis, counted from 0.

    Raises:
        ShapeError: it is out of range, or there are several.
    """
    axes = normalize_axes(x, axis)
    if len(axes) != 1:
        raise ShapeError(f"expected one axis of {x.type}, got {axis!r}")
    return axes[0]


def sum(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Return the sum over axes (all by default)."""
    return apply(Sum(normalize_axes(x, axis), keepdims), x)


def mean(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Return the mean over axes (all by default)."""
    axes = normalize_axes(x, axis)
    return sum(x, axes, keepdims) / size(x, axes)


def max(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Return the maximum over axes (all by default)."""
    return apply(Max(normalize_axes(x, axis), keepdims), x)


def argmax(x: Value, axis: int = -1) -> Value:
    """Return the index of the largest element along an axis, as int64."""
    return apply(ArgMax(single_axis(x, axis)), x)


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
