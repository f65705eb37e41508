"""Arrays as emitted code sees them: a pointer, and where each element lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from nnc.backends.c.expressions import Expression, element
from nnc.backends.c.text import C_TYPES, MEMORY_TYPES, UNSIGNED
from nnc.ir import Dim, Layout, Shape

NOWHERE = Expression("")
"""The pointer of an array that is a number."""
Index = Expression | int
"""The index along an axis: a number where that is known, so that what begins there is not written out."""


@dataclass(frozen=True)
class Array:
    """Elements in memory, or a number.

    Args:
        pointer: to the first element of the buffer.
        dtype: element type.
        shape: lengths, numbers and symbols.
        strides: elements from one index to the next, per axis.
        offset: elements from the pointer to the first one.
        literal: the number, where all elements are this number and lie nowhere.
    """

    pointer: Expression
    dtype: str
    shape: Shape
    strides: Shape
    offset: Dim = 0
    literal: Expression | None = None

    @staticmethod
    def of(pointer: Expression, dtype: str, layout: Layout) -> Array:
        """Return the array with a layout behind a pointer."""
        return Array(pointer, dtype, layout.shape, layout.strides, layout.offset)

    @staticmethod
    def filled(literal: Expression, dtype: str, shape: Shape) -> Array:
        """Return the array whose elements are all one number."""
        return Array(NOWHERE, dtype, shape, (0,) * len(shape), literal=literal)

    @property
    def c_type(self) -> str:
        """The element type in C."""
        return C_TYPES[self.dtype]

    @property
    def memory_type(self) -> str:
        """The type of its elements where they lie."""
        return MEMORY_TYPES[self.dtype]

    @property
    def wrapping(self) -> Array:
        """The same numbers for sums and products, in which whole ones wrap around; see `UNSIGNED` in `text.py`."""
        if self.dtype not in UNSIGNED:
            return self
        dtype = UNSIGNED[self.dtype]
        literal = None if self.literal is None else self.literal.cast(C_TYPES[dtype]).grouped
        return replace(
            self, pointer=self.pointer.cast(f"const {C_TYPES[dtype]} *").grouped, dtype=dtype, literal=literal
        )

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def layout(self) -> Layout:
        """Shape, strides and offset."""
        return Layout(self.shape, self.strides, self.offset)

    @property
    def is_dense(self) -> bool:
        """Whether the elements lie next to each other in row-major order."""
        return self.literal is None and self.layout.is_dense

    @property
    def is_uniform(self) -> bool:
        """Whether all elements are one number, or one element in memory."""
        return self.literal is not None or (self.rank > 0 and not any(stride != 0 for stride in self.strides))

    @property
    def address(self) -> Expression:
        """Pointer to the first element."""
        return self.pointer if self.offset == 0 else self.pointer + self.offset

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return Layout.dense((1, *self.shape)).strides[0]

    def at(self, *indices: Index) -> Expression:
        """Return the element at some indices, one per axis."""
        if self.literal is not None:
            return self.literal
        return element(self.pointer, self.offset, indices, self.strides, self.shape)

    def behind(self, *indices: Index) -> Array:
        """Return what lies at the first indices, which are a part of the pointer."""
        count = len(indices)
        shape, strides = self.shape[count:], self.strides[count:]
        if self.literal is not None:
            return replace(self, shape=shape, strides=strides)
        first = self.at(*indices, *[0] * len(shape))
        return Array(first.reference.grouped, self.dtype, shape, strides)

    def seen_as(self, layout: Layout) -> Array:
        """Return another window on the same memory."""
        return replace(self, shape=layout.shape, strides=layout.strides, offset=layout.offset)

    def broadcast_to(self, shape: Shape) -> Array:
        """Return the array repeated to a shape, with strides of 0."""
        return self.seen_as(self.layout.broadcast_to(shape))

    def transposed(self, axes: Sequence[int]) -> Array:
        """Return the array with its axes in another order."""
        return self.seen_as(self.layout.transpose(tuple(axes)))


def known_size(shape: Sequence[Dim]) -> int | None:
    """Return the number of elements, None where it is known at run time only."""
    return prod(dim for dim in shape if isinstance(dim, int)) if all(isinstance(dim, int) for dim in shape) else None
