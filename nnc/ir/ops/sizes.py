"""Sizes as numbers, element types, and index grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import FLOATING, NUMERIC, Dim, Op, Shape, TensorType, Value, size_of
from nnc.ir.ops.elementwise import Array, Unary, apply, check_elements

WHOLE = NUMERIC - FLOATING
"""Element types of whole numbers."""


@dataclass(frozen=True)
class Size(Op, name="size"):
    """The product of dimensions as a number; a constant as soon as their sizes are known."""

    arity: ClassVar[int | None] = 0
    shape: Shape
    dtype: str = "float32"

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return a scalar."""
        return (TensorType(self.dtype, self.shape).with_shape(()),)

    def evaluate(self, *operands: Array) -> Array:
        """Multiply the (bound) dimensions."""
        return numpy.array(int(size_of(self.shape)), self.dtype)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: it is known before the run."""
        return 0


@dataclass(frozen=True)
class Iota(Op, name="iota"):
    """The numbers 0 … length-1."""

    arity: ClassVar[int | None] = 0
    length: Dim
    dtype: str = "int32"

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return a vector."""
        result = TensorType(self.dtype, (self.length,))
        check_elements(self, (result,), NUMERIC)
        return (result,)

    def evaluate(self, *operands: Array) -> Array:
        """Count."""
        return numpy.arange(int(self.length), dtype=self.dtype)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: it is known before the run."""
        return 0


@dataclass(frozen=True)
class Cast(Unary, name="cast"):
    """The same numbers in another element type.

    A floating-point number becomes a whole one towards zero. What is out of the range of the whole numbers becomes the
    nearest of them, and NaN the lowest (which, where there are negative ones, is not a row of a table): the same on
    every processor, though C leaves it open. Whole numbers that do not fit keep their lowest bits. All but 0 is true.
    """

    inplace: ClassVar[tuple[int, ...]] = ()
    dtype: str

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the shape with the new element type."""
        return (operands[0].with_dtype(self.dtype),)

    def evaluate(self, *operands: Array) -> Array:
        """Convert with NumPy, what is out of range by itself."""
        (x,) = operands
        if x.dtype.kind != "f" or self.dtype not in WHOLE:
            return x.astype(self.dtype)
        result = numpy.empty(x.shape, self.dtype)
        write_whole_numbers(x, result)
        return result

    def pullback(self, x: Value, y: Value, cotangent: Value) -> Value | None:
        """Convert back; from and to whole numbers there is none."""
        return cast(cotangent, x.dtype) if x.type.is_floating and y.type.is_floating else None


def write_whole_numbers(x: Array, result: Array) -> None:
    """Write floating-point numbers into an array of whole ones; see `Cast`."""
    least, most = int(numpy.iinfo(result.dtype).min), int(numpy.iinfo(result.dtype).max)
    low, high = float(least), float(most + 1)  # which is exact in each type, as the largest number is not
    with numpy.errstate(invalid="ignore"):
        if x.size == 0 or (x.min() >= low and x.max() < high):
            result[...] = x
        else:
            result[...] = numpy.where((x >= low) & (x < high), x, low)
            numpy.copyto(result, most, where=x >= high)


def size(x: Value, axes: Sequence[int] | None = None, dtype: str | None = None) -> Value:
    """Return the number of elements along `axes` (all by default) as a scalar of x's element type."""
    dims: tuple[Dim, ...] = x.shape if axes is None else tuple(x.shape[axis] for axis in axes)
    kind = x.dtype if dtype is None else dtype
    if all(isinstance(dim, int) for dim in dims):
        return x.graph.constant(int(size_of(dims)), kind)
    return x.graph.add(Size(tuple(dim for dim in dims if dim != 1), kind))[0]


def cast(x: Value, dtype: str) -> Value:
    """Return x as `dtype`."""
    return x if x.dtype == dtype else apply(Cast(dtype), x)


def one_hot(x: Value, classes: int, dtype: str = "float32") -> Value:
    """Return a row of zeros with a one at each index of the whole-number array x; the classes are the last axis.

    Raises:
        ShapeError: x does not hold whole numbers.
    """
    from nnc.ir.ops.comparison import Equal
    from nnc.ir.ops.movement import reshape

    if x.type.is_floating or x.dtype == "bool":
        raise ShapeError(f"'one_hot' needs whole numbers, got {x.type}")
    indices = x.graph.add(Iota(classes, x.dtype))[0]
    return apply(Equal(dtype=dtype), reshape(x, (*x.shape, 1)), indices)
