"""Maxima and sums over windows that move along the axes, weighted ones that resize an axis, and their derivatives.

Windows are given for every axis, so a channel axis may lie anywhere: it has windows of length 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any, ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import FLOATING, NUMERIC, Dim, Op, Shape, TensorType, Value
from nnc.ir.ops.elementwise import Array, apply, check_elements

PADDINGS = ("same", "valid")


def padding_before(length: int, window: int, stride: int, padding: str) -> int:
    """Return how many positions of the first window lie before the axis; TensorFlow's rule for ``same``.

    >>> padding_before(5, 3, 2, "same"), padding_before(5, 3, 2, "valid")
    (1, 0)
    """
    if padding == "valid":
        return 0
    return max((-(-length // stride) - 1) * stride + window - length, 0) // 2


def window_count(length: Dim, window: int, stride: int, padding: str) -> Dim:
    """Return the number of windows along an axis.

    >>> window_count(5, 3, 2, "same"), window_count(5, 3, 2, "valid")
    (3, 2)
    """
    if window == stride == 1:
        return length
    return (length - window) // stride + 1 if padding == "valid" else (length - 1) // stride + 1


@dataclass(frozen=True)
class WindowOp(Op):
    """Base of ops whose windows slide over an operand.

    Args:
        window: length of the windows along each axis.
        strides: distance of the windows along each axis.
        padding: ``valid``, where windows lie inside the operand, or ``same``, where they begin at every stride, and
            positions outside are left out.
    """

    accepts: ClassVar[frozenset[str]] = NUMERIC
    """Element types that the operand may have."""
    per_axis: ClassVar[tuple[str, ...]] = ("window", "strides")
    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    def pooled(self, x: TensorType) -> TensorType:
        """Return the type with one element per window.

        Raises:
            ShapeError: there is no window, or the attributes do not fit.
        """
        check_elements(self, (x,), self.accepts)
        if self.padding not in PADDINGS:
            raise ShapeError(f"padding of '{self.name}' must be {' or '.join(PADDINGS)}, got {self.padding!r}")
        if not len(self.window) == len(self.strides) == x.rank or min((*self.window, *self.strides), default=1) < 1:
            raise ShapeError(
                f"'{self.name}' with windows of {list(self.window)} every {list(self.strides)} does not fit {x}"
            )
        triples = zip(x.shape, self.window, self.strides, strict=True)
        shape = tuple(window_count(length, window, stride, self.padding) for length, window, stride in triples)
        for axis, (length, count) in enumerate(zip(x.shape, shape, strict=True)):
            if isinstance(count, int) and count < 1 and length != 0:
                raise ShapeError(
                    f"'{self.name}' with windows of {list(self.window)} finds none along axis {axis} of {x}"
                )
        return x.with_shape(shape)

    def parts(self, shape: Sequence[int]) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
        """Return, for each position inside a window in row-major order, where it lies.

        Yields:
            The elements of an operand of this shape that are at this position of some window, and the windows they
            are in.
        """
        axes = list(zip(shape, self.window, self.strides, strict=True))
        before = [padding_before(length, window, stride, self.padding) for length, window, stride in axes]
        counts = [int(window_count(length, window, stride, self.padding)) for length, window, stride in axes]
        inside_some = (
            range(max(first - (count - 1) * stride, 0), min(first + length, window))
            for (length, window, stride), first, count in zip(axes, before, counts, strict=True)
        )
        for position in product(*inside_some):
            inside, windows = [], []
            for axis, (length, _, stride) in enumerate(axes):
                offset = position[axis] - before[axis]
                first = max(-(offset // stride), 0)
                last = min((length - 1 - offset) // stride, counts[axis] - 1)
                windows.append(slice(first, max(last + 1, first)))
                start = first * stride + offset
                inside.append(slice(start, max((last - first) * stride + start + 1, start), stride))
            if all(part.stop > part.start for part in windows):
                yield tuple(inside), tuple(windows)

    def windows_of(self, x: Array, outside: float) -> Array:
        """Return the windows of an array, the positions inside a window behind the number of the window.

        Args:
            x: the array.
            outside: what positions outside the array have.
        """
        counts = [int(dim) for dim in self.pooled(TensorType(str(x.dtype), x.shape)).shape]
        if 0 in counts:
            return numpy.empty((*counts, *self.window), x.dtype)
        widths = []
        for length, count, window, stride in zip(x.shape, counts, self.window, self.strides, strict=True):
            before = padding_before(length, window, stride, self.padding)
            widths.append((before, max((count - 1) * stride + window - length - before, 0)))
        padded = numpy.pad(x, widths, constant_values=outside)
        windows = numpy.lib.stride_tricks.sliding_window_view(padded, self.window)
        steps = zip(counts, self.strides, strict=True)
        return windows[tuple(slice(0, (count - 1) * stride + 1, stride) for count, stride in steps)]

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return one operation per position of each window."""
        pooled = min(prod(int(dim) for dim in type.shape) for type in (*operands, *results))
        return pooled * prod(self.window)


class MaxPool(WindowOp, name="max_pool"):
    """The largest element of each window; the first of equal ones gets the gradient, as in TensorFlow's 2-D pooling."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    arity: ClassVar[int | None] = 1

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type with one element per window."""
        return (self.pooled(operands[0]),)

    def evaluate(self, *operands: Array) -> Array:
        """Look at all windows."""
        rank = len(self.window)
        return self.windows_of(operands[0], -numpy.inf).max(tuple(range(rank, 2 * rank)))

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Give each window's cotangent to its largest element."""
        cotangent = cotangents[0]
        if cotangent is None:
            return (None,)
        return (apply(MaxPoolGradient(self.window, self.strides, self.padding), operands[0], results[0], cotangent),)


class MaxPoolGradient(WindowOp, name="max_pool_gradient"):
    """Each window's cotangent at its first largest element, added up; of the operand, the maxima and the cotangent."""

    accepts: ClassVar[frozenset[str]] = FLOATING
    arity: ClassVar[int | None] = 3

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        x, maxima, cotangent = operands
        if not self.pooled(x) == maxima == cotangent:
            raise ShapeError(f"'{self.name}' of {x} needs maxima and cotangents {self.pooled(x)}, got {operands[1:]}")
        return (x,)

    def evaluate(self, *operands: Array) -> Array:
        """Find the largest elements again and add there."""
        x, _, cotangent = operands
        rank = len(self.window)
        windows = self.windows_of(x, -numpy.inf)
        chosen = numpy.unravel_index(windows.reshape(*windows.shape[:rank], prod(self.window)).argmax(-1), self.window)
        places = []
        for axis, (within, number) in enumerate(zip(chosen, numpy.indices(cotangent.shape), strict=True)):
            before = padding_before(x.shape[axis], self.window[axis], self.strides[axis], self.padding)
            places.append(number * self.strides[axis] + within - before)
        result = numpy.zeros_like(x)
        numpy.add.at(result, tuple(places), cotangent)
        return result


class SumPool(WindowOp, name="sum_pool"):
    """The sum of each window."""

    arity: ClassVar[int | None] = 1

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type with one element per window."""
        return (self.pooled(operands[0]),)

    def evaluate(self, *operands: Array) -> Array:
        """Add up all windows."""
        rank = len(self.window)
        return self.windows_of(operands[0], 0.0).sum(tuple(range(rank, 2 * rank)))

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Give each window's cotangent to all its elements."""
        cotangent = cotangents[0]
        if cotangent is None:
            return (None,)
        return (apply(SumPoolGradient(self.window, self.strides, self.padding, operands[0].shape), cotangent),)


@dataclass(frozen=True)
class SumPoolGradient(WindowOp, name="sum_pool_gradient"):
    """Each window's cotangent at all its elements, added up to an array of `shape`."""

    arity: ClassVar[int | None] = 1
    per_axis: ClassVar[tuple[str, ...]] = ("window", "strides", "shape")
    shape: Shape

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the larger type."""
        (cotangent,) = operands
        x = cotangent.with_shape(self.shape)
        if self.pooled(x) != cotangent:
            raise ShapeError(f"'{self.name}' to {x} needs cotangents {self.pooled(x)}, got {cotangent}")
        return (x,)

    def evaluate(self, *operands: Array) -> Array:
        """Add at each position of the windows."""
        result = numpy.zeros([int(dim) for dim in self.shape], operands[0].dtype)
        for inside, windows in self.parts(result.shape):
            result[inside] += operands[0][windows]
        return result

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Add up again."""
        cotangent = cotangents[0]
        return (None if cotangent is None else sum_pool(cotangent, self.window, self.strides, self.padding),)


@dataclass(frozen=True)
class Resize(Op, name="resize"):
    """An axis with another length: each element is a sum of neighbours, weighted by a filter.

    That is a product with a matrix whose rows have few numbers, side by side; see `nnc.ir.ops.filters`.

    Args:
        axis: the axis, from 0; its lengths may be known at run time only where `is_linear`.
        length: of the axis in the result.
        method: one of `nnc.ir.ops.filters.METHODS`.
        antialias: whether a filter grows with the step where the axis becomes shorter.
        transposed: whether the matrix is transposed, which resizes from `length` to the operand's.
    """

    arity: ClassVar[int | None] = 1
    dense: ClassVar[tuple[int, ...]] = (0,)
    axis: int
    length: Dim
    method: str
    antialias: bool = False
    transposed: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether an element lies between two neighbours, which follow from its place alone."""
        return self.method == "bilinear" and not self.antialias

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type with the other length."""
        from nnc.ir.ops.filters import METHODS

        (x,) = operands
        check_elements(self, operands, FLOATING)
        if self.method not in METHODS:
            raise ShapeError(f"'{self.name}' has one of {', '.join(METHODS)}, got {self.method!r}")
        if not 0 <= self.axis < x.rank:
            raise ShapeError(f"'{self.name}' along axis {self.axis} does not fit {x}")
        for length in (x.shape[self.axis], self.length):
            if length < 1 if isinstance(length, int) else not self.is_linear:
                known = "lengths" if self.is_linear else "known lengths"
                raise ShapeError(f"'{self.name}' needs {known} of 1 and more, got {x} and {self.length}")
        return (x.with_shape((*x.shape[: self.axis], self.length, *x.shape[self.axis + 1 :])),)

    def band(self, given: int, wanted: int) -> tuple[Array, Array]:
        """Return the places of the first neighbours and the weights of all; see `nnc.ir.ops.filters.band`.

        Args:
            given: length of the operand's axis.
            wanted: length of the result's.
        """
        from nnc.ir.ops.filters import band

        old, new = (wanted, given) if self.transposed else (given, wanted)
        return band(old, new, self.method, self.antialias, self.transposed)

    def evaluate(self, *operands: Array) -> Array:
        """Take and add with NumPy."""
        (x,) = operands
        starts, weights = self.band(x.shape[self.axis], int(self.length))
        after = (1,) * (x.ndim - self.axis - 1)
        result = numpy.zeros((*x.shape[: self.axis], len(starts), *x.shape[self.axis + 1 :]), x.dtype)
        for neighbour, factors in enumerate(weights.T.astype(x.dtype)):
            result += x.take(starts + neighbour, self.axis) * factors.reshape(-1, *after)
        return result

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """The cotangent times the other one of the matrix and the transposed matrix."""
        (x,), cotangent = operands, cotangents[0]
        if cotangent is None:
            return (None,)
        back = replace(self, length=x.shape[self.axis], transposed=not self.transposed)
        return (apply(back, cotangent),)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return a product and a sum per neighbour of each element."""
        given, wanted = (int(type.shape[self.axis]) for type in (*operands, *results))
        return 2 * prod(int(dim) for dim in results[0].shape) * len(self.band(given, wanted)[1].T)


def max_pool(x: Value, window: Sequence[int], strides: Sequence[int], padding: str = "valid") -> Value:
    """Return the maxima of windows; both sequences have one number per axis of x.

    Raises:
        ShapeError: there is no window, or the numbers do not fit.
    """
    return _pool(MaxPool, x, tuple(window), tuple(strides), padding)


def sum_pool(x: Value, window: Sequence[int], strides: Sequence[int], padding: str = "valid") -> Value:
    """Return the sums of windows; both sequences have one number per axis of x.

    Raises:
        ShapeError: there is no window, or the numbers do not fit.
    """
    return _pool(SumPool, x, tuple(window), tuple(strides), padding)


def _pool(
    cls: type[MaxPool | SumPool], x: Value, window: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> Value:
    """Pool along all axes at once, or where windows overlap along one after the other, from the last on.

    Both touch one element per position in a window and per window; along axes, windows of earlier ones are still
    many. The first of equal maxima is the same: the first row that has one, and in that row the first.
    """
    whole = cls(window, strides, padding)
    whole.pooled(x.type)
    axes = [axis for axis, length in enumerate(window) if length > 1 or strides[axis] > 1]
    share, separate = 1.0, 0.0
    for axis in reversed(axes):
        share /= strides[axis]
        separate += window[axis] * share
    if separate >= prod(window) * share:
        return apply(whole, x)
    for axis in reversed(axes):
        lengths, steps = ([1] * x.rank for _ in range(2))
        lengths[axis], steps[axis] = window[axis], strides[axis]
        x = apply(cls(tuple(lengths), tuple(steps), padding), x)
    return x


def repeat(x: Value, factors: Sequence[int]) -> Value:
    """Return x with each element so many times, side by side, along each axis.

    The elements of a window get the window's number, so this is the transpose of sums over windows.
    """
    if all(factor == 1 for factor in factors):
        return x
    shape = tuple(dim * factor for dim, factor in zip(x.shape, factors, strict=True))
    return apply(SumPoolGradient(tuple(factors), tuple(factors), "valid", shape), x)


def average_pool(x: Value, window: Sequence[int], strides: Sequence[int], padding: str = "valid") -> Value:
    """Return the means of windows; with padding ``same``, of those elements that lie inside x.

    Raises:
        ShapeError: there is no window, or the numbers do not fit.
    """
    total = sum_pool(x, window, strides, padding)
    if padding == "valid":
        return total * (1.0 / prod(window))
    from nnc.ir.ops.movement import broadcast_to

    covered = tuple(1 if length == 1 else dim for length, dim in zip(window, x.shape, strict=True))
    flat = tuple(1 if length == 1 else stride for length, stride in zip(window, strides, strict=True))
    one: Any = x.graph.constant(1.0, x.dtype)
    return total / sum_pool(broadcast_to(one, covered), window, flat, padding)
