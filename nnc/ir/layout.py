"""Layouts: where the elements of a value lie inside a buffer, so that views cost nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnc.ir.dimensions import Dim
from nnc.ir.types import Shape, size_of


@dataclass(frozen=True, slots=True)
class Layout:
    """A strided window on a buffer; offset and strides count elements, not bytes.

    Lengths may be known at run time only. What is said of such a layout (that it is dense, or equal to another) then
    holds for all sizes, which is what the planner decides by.

    >>> Layout.dense((2, 3)).transpose((1, 0))
    Layout(shape=(3, 2), strides=(1, 3), offset=0)
    """

    shape: Shape
    strides: Shape
    offset: Dim = 0

    @staticmethod
    def dense(shape: Shape, offset: Dim = 0) -> Layout:
        """Return the row-major layout of `shape` at `offset`."""
        strides = tuple(size_of(shape[axis + 1 :]) for axis in range(len(shape)))
        return Layout(shape, strides, offset)

    @property
    def is_dense(self) -> bool:
        """Whether elements lie next to each other in row-major order (axes of length 1 do not matter)."""
        expected = Layout.dense(self.shape).strides
        pairs = zip(self.shape, self.strides, expected, strict=True)
        return all(length == 1 or stride == dense for length, stride, dense in pairs)

    def reshape(self, shape: Shape) -> Layout | None:
        """Return the layout seen as `shape`, or None where it may need a copy.

        That is where it is not dense, and more is different than axes of length 1.
        """
        if self.is_dense:
            return Layout.dense(shape, self.offset)
        if [dim for dim in shape if dim != 1] != [dim for dim in self.shape if dim != 1]:
            return None
        remaining = iter([stride for dim, stride in zip(self.shape, self.strides, strict=True) if dim != 1])
        return Layout(shape, tuple([0 if dim == 1 else next(remaining) for dim in shape]), self.offset)

    def transpose(self, axes: tuple[int, ...]) -> Layout:
        """Return the layout with its axes in the given order."""
        return replace(
            self,
            shape=tuple(self.shape[axis] for axis in axes),
            strides=tuple(self.strides[axis] for axis in axes),
        )

    def flip(self, axes: tuple[int, ...]) -> Layout:
        """Return the layout read backwards along the axes."""
        offset, strides = self.offset, list(self.strides)
        for axis in axes:
            offset = offset + (self.shape[axis] - 1) * strides[axis]
            strides[axis] = -1 * strides[axis]
        return replace(self, strides=tuple(strides), offset=offset)

    def slice(self, starts: Shape, shape: Shape, steps: tuple[int, ...]) -> Layout:
        """Return the window of `shape` that begins at `starts` and takes every `steps`-th element."""
        offset = self.offset
        for start, stride in zip(starts, self.strides, strict=True):
            offset = offset + start * stride
        strides = tuple(stride * step for stride, step in zip(self.strides, steps, strict=True))
        return Layout(shape, strides, offset)

    def broadcast_to(self, shape: Shape) -> Layout:
        """Return the layout repeated to `shape`, with stride 0 along the repeated axes."""
        missing = len(shape) - len(self.shape)
        strides: list[Dim] = [0] * missing
        for axis, (length, stride) in enumerate(zip(self.shape, self.strides, strict=True)):
            strides.append(stride if length == shape[axis + missing] else 0)
        return Layout(shape, tuple(strides), self.offset)
