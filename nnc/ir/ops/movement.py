"""Ops that move elements without computing: most of them are views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy

from nnc.errors import ShapeError, SymbolError
from nnc.ir import Dim, Layout, Op, Shape, TensorType, Value, broadcast_shapes, size_of
from nnc.ir.ops.elementwise import Array, apply, same_dtype, unbroadcast


class Movement(Op):
    """An op of one operand that only rearranges."""

    arity: ClassVar[int | None] = 1

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Move the cotangent back."""
        cotangent = cotangents[0]
        return (None if cotangent is None else self.pullback(operands[0], cotangent),)

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Return the operand's cotangent."""
        raise TypeError(f"operation '{self.name}' does not say how it moves back")


class Copy(Movement, name="copy"):
    """The operand once more, in memory of its own."""

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        return operands

    def evaluate(self, *operands: Array) -> Array:
        """Copy with NumPy."""
        return numpy.array(operands[0])

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """The cotangent."""
        return cotangent


@dataclass(frozen=True)
class Reshape(Movement, name="reshape"):
    """The same elements, in row-major order, in another shape."""

    shape: Shape

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the new shape; the number of elements must stay."""
        (x,) = operands
        if size_of(self.shape) != x.size or any(dim == -1 for dim in self.shape):
            shape = ", ".join(map(str, self.shape))
            raise ShapeError(
                f"{x} has {x.size} elements and cannot be reshaped to ({shape}), which has {size_of(self.shape)}",
                unequal=(x.size, size_of(self.shape)),
            )
        return (x.with_shape(self.shape),)

    def evaluate(self, *operands: Array) -> Array:
        """Reshape with NumPy."""
        return numpy.reshape(operands[0], self.shape)

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """A view where the operand is dense."""
        layout = operands[0].reshape(results[0].shape)
        return None if layout is None else (layout,)

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Reshape back."""
        return reshape(cotangent, x.shape)


@dataclass(frozen=True)
class Transpose(Movement, name="transpose"):
    """The same elements with the axes in another order."""

    axes: tuple[int, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the permuted shape."""
        (x,) = operands
        if sorted(self.axes) != list(range(x.rank)):
            raise ShapeError(f"'transpose' to axes {list(self.axes)} does not fit {x}")
        return (x.with_shape(x.shape[axis] for axis in self.axes),)

    def evaluate(self, *operands: Array) -> Array:
        """Transpose with NumPy."""
        return numpy.transpose(operands[0], self.axes)

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Always a view."""
        return (operands[0].transpose(self.axes),)

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Permute back."""
        return transpose(cotangent, tuple(self.axes.index(axis) for axis in range(len(self.axes))))


@dataclass(frozen=True)
class Flip(Movement, name="flip"):
    """The same elements in the opposite order along `axes`, which ascend."""

    axes: tuple[int, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        (x,) = operands
        if list(self.axes) != sorted({axis for axis in self.axes if 0 <= axis < x.rank}):
            raise ShapeError(f"'flip' over axes {list(self.axes)} does not fit {x}")
        return operands

    def evaluate(self, *operands: Array) -> Array:
        """Flip with NumPy."""
        return numpy.flip(operands[0], self.axes)

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Always a view, with negative strides."""
        return (operands[0].flip(self.axes),)

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Flip back."""
        return flip(cotangent, self.axes)


@dataclass(frozen=True)
class BroadcastTo(Movement, name="broadcast_to"):
    """The operand repeated to a larger shape."""

    shape: Shape

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the larger shape."""
        (x,) = operands
        if broadcast_shapes(x.shape, self.shape) != self.shape:
            raise ShapeError(f"{x} cannot be broadcast to ({', '.join(map(str, self.shape))})")
        return (x.with_shape(self.shape),)

    def evaluate(self, *operands: Array) -> Array:
        """Broadcast with NumPy."""
        return numpy.broadcast_to(operands[0], [int(dim) for dim in self.shape])

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Always a view, with stride 0."""
        return (operands[0].broadcast_to(results[0].shape),)

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Sum over the repetitions."""
        return unbroadcast(cotangent, x.type)


@dataclass(frozen=True)
class Slice(Movement, name="slice"):
    """The part from `starts` to `stops` in steps, per axis; see `take` for counting from the end.

    Args:
        starts: first index per axis.
        stops: index after the last per axis, such as ``time-2`` on an axis with a run-time length; -1 for its end.
        steps: distance between indices per axis, positive.
    """

    per_axis: ClassVar[tuple[str, ...]] = ("starts", "stops", "steps")
    starts: Shape
    stops: Shape
    steps: tuple[int, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the shape of the part; on axes with a run-time length the rest is checked when it is known."""
        return (_part(self, operands[0]),)

    def evaluate(self, *operands: Array) -> Array:
        """Slice with NumPy."""
        part = zip(self.starts, self._ends(operands[0].shape), self.steps, strict=True)
        return operands[0][tuple(slice(start, end, step) for start, end, step in part)]

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Always a view."""
        self._ends(operands[0].shape)
        return (operands[0].slice(self.starts, results[0].shape, self.steps),)

    def _ends(self, shape: Shape) -> Shape:
        """Return the index after the last per axis.

        Raises:
            ShapeError: an array of this shape is too short for the part.
        """
        ends = tuple(dim if stop == -1 else stop for dim, stop in zip(shape, self.stops, strict=True))
        for start, end, dim in zip(self.starts, ends, shape, strict=True):
            if _is_below(start, 0) or _is_below(end - start, 0) or _is_below(dim - end, 0):
                raise ShapeError(f"'slice' {start}:{end} is outside an axis of length {dim}")
        return ends

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Put the cotangent into zeros."""
        return apply(Scatter(x.shape, self.starts, self.stops, self.steps), cotangent)


def _part(op: Slice | Scatter, x: TensorType) -> TensorType:
    """Return the type of the part of x that an op is about."""
    if not len(op.starts) == len(op.stops) == len(op.steps) == x.rank:
        raise ShapeError(f"'{op.name}' has {len(op.starts)} axes and does not fit {x}")
    shape: list[Dim] = []
    for axis, dim in enumerate(x.shape):
        start, stop, step = op.starts[axis], op.stops[axis], op.steps[axis]
        if stop == -1 and start == 0 and step == 1:
            shape.append(dim)
            continue
        end = dim if stop == -1 else stop
        if step < 1 or _is_below(start, 0) or _is_below(end - start, 0) or _is_below(dim - end, 0):
            raise ShapeError(f"'{op.name}' {start}:{stop}:{step} is outside axis {axis} of {x}")
        shape.append((end - start + step - 1) // step)
    return x.with_shape(shape)


def _is_below(dim: Dim, number: int) -> bool:
    """Whether a dimension is known to be below a number."""
    return dim < number if isinstance(dim, int) else dim.is_negative


@dataclass(frozen=True)
class Scatter(Movement, name="scatter"):
    """Zeros of `shape` with the operand in the place that `Slice` with the same numbers would take."""

    per_axis: ClassVar[tuple[str, ...]] = ("shape", "starts", "stops", "steps")
    shape: Shape
    starts: Shape
    stops: Shape
    steps: tuple[int, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the larger shape."""
        (x,) = operands
        whole = x.with_shape(self.shape)
        if _part(self, whole) != x:
            raise ShapeError(f"{x} does not fit into {whole} at {list(self.starts)}")
        return (whole,)

    def evaluate(self, *operands: Array) -> Array:
        """Fill zeros."""
        result = numpy.zeros(tuple(int(dim) for dim in self.shape), operands[0].dtype)
        Slice(self.starts, self.stops, self.steps).evaluate(result)[...] = operands[0]
        return result

    def pullback(self, x: Value, cotangent: Value) -> Value:
        """Take the part again."""
        return apply(Slice(self.starts, self.stops, self.steps), cotangent)


@dataclass(frozen=True)
class Concatenate(Op, name="concatenate"):
    """Operands one behind the other along an axis."""

    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the joined type; all other axes must agree."""
        if not operands:
            raise ShapeError("'concatenate' needs at least one operand")
        dtype, first = same_dtype(self, operands), operands[0]
        if not 0 <= self.axis < first.rank:
            raise ShapeError(f"'concatenate' along axis {self.axis} does not fit {first}")
        for other in operands[1:]:
            rest = [shape[: self.axis] + shape[self.axis + 1 :] for shape in (first.shape, other.shape)]
            if other.rank != first.rank or rest[0] != rest[1]:
                unequal = next((pair for pair in zip(*rest, strict=False) if pair[0] != pair[1]), None)
                raise ShapeError(f"{first} and {other} cannot be concatenated along axis {self.axis}", unequal)
        length: Dim = first.shape[self.axis]
        for other in operands[1:]:
            length = length + other.shape[self.axis]
        return (TensorType(dtype, (*first.shape[: self.axis], length, *first.shape[self.axis + 1 :])),)

    def evaluate(self, *operands: Array) -> Array:
        """Concatenate with NumPy."""
        return numpy.concatenate(operands, axis=self.axis)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Each operand gets its part."""
        cotangent = cotangents[0]
        start: Dim = 0
        if cotangent is None:
            return [None] * len(operands)
        parts: list[Value | None] = []
        for operand in operands:
            stop = start + operand.shape[self.axis]
            parts.append(take(cotangent, self.axis, start, stop))
            start = stop
        return parts

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0


def normalize_axis(x: Value, axis: int) -> int:
    """Return an axis counted from 0.

    Raises:
        ShapeError: there is no such axis.
    """
    if not -x.rank <= axis < x.rank:
        raise ShapeError(f"axis {axis} is out of range for {x.type}")
    return axis % x.rank


def reshape(x: Value, shape: Sequence[Dim]) -> Value:
    """Return x in another shape; one dimension may be -1.

    Raises:
        ShapeError: the number of elements would change.
    """
    dims = tuple(shape)
    if dims.count(-1) == 1:
        known = size_of(dim for dim in dims if dim != -1)
        if known == 0:
            raise ShapeError(f"{x.type} cannot be reshaped to {list(dims)}: beside 0, -1 may be any length")
        try:
            missing = x.type.size // known
        except SymbolError as error:
            raise ShapeError(f"{x.type} cannot be reshaped to {list(dims)}: {error}") from None
        dims = tuple(missing if dim == -1 else dim for dim in dims)
    return x if dims == x.shape else apply(Reshape(dims), x)


def transpose(x: Value, axes: Sequence[int] | None = None) -> Value:
    """Return x with its axes in the given order, reversed by default."""
    order = tuple(reversed(range(x.rank))) if axes is None else tuple(axes)
    return x if order == tuple(range(x.rank)) else apply(Transpose(order), x)


def flip(x: Value, axis: int | Sequence[int]) -> Value:
    """Return x in the opposite order along axes.

    Raises:
        ShapeError: there is no such axis.
    """
    given = (axis,) if isinstance(axis, int) else axis
    axes = tuple(sorted({normalize_axis(x, item) for item in given}))
    if isinstance(x.node.op, Flip) and x.node.op.axes == axes:
        return x.node.operands[0]
    return apply(Flip(axes), x) if axes else x


def broadcast_to(x: Value, shape: Sequence[Dim]) -> Value:
    """Return x repeated to a larger shape."""
    return x if tuple(shape) == x.shape else apply(BroadcastTo(tuple(shape)), x)


def take(x: Value, axis: int, start: Dim = 0, stop: Dim | None = None, step: int = 1) -> Value:
    """Return the part start:stop:step of one axis; numbers below 0 count from its end, as in Python.

    Raises:
        ShapeError: the axis is too short or does not exist.
    """
    axis = normalize_axis(x, axis)
    length: Dim = x.shape[axis]
    starts: list[Dim] = [0] * x.rank
    stops: list[Dim] = [-1] * x.rank
    steps = [1] * x.rank
    starts[axis] = length + start if isinstance(start, int) and start < 0 else start
    stops[axis] = length if stop is None else length + stop if isinstance(stop, int) and stop < 0 else stop
    if isinstance(stops[axis], int):
        stops[axis] = max(stops[axis], 0)  # -1 would be the end
    steps[axis] = step
    return apply(Slice(tuple(starts), tuple(stops), tuple(steps)), x)


def pad(x: Value, widths: Sequence[tuple[Dim, Dim]]) -> Value:
    """Return x with zeros around it, so many (before, after) along each axis."""
    if not any(before or after for before, after in widths):
        return x
    padded = [before or after for before, after in widths]
    dims = list(zip(x.shape, widths, strict=True))
    shape = tuple(dim + before + after if before or after else dim for dim, (before, after) in dims)
    stops = tuple(dim + before if wide else -1 for wide, (dim, (before, _)) in zip(padded, dims, strict=True))
    return apply(Scatter(shape, tuple(before for before, _ in widths), stops, (1,) * x.rank), x)


def concatenate(values: Sequence[Any], axis: int = -1) -> Value:
    """Return values joined along an axis."""
    return apply(Concatenate(normalize_axis(values[0], axis)), *values)
