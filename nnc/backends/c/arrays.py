"""Arrays as emitted code sees them: a pointer, and where each element lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from nnc.backends.c.text import C_TYPES, UNSIGNED, bare_dim_text, dim_text
from nnc.ir import Dim, Layout, Shape


@dataclass(frozen=True)
class Array:
    """Elements in memory, or a number.

    Args:
        pointer: name of the pointer to the first element of the buffer.
        dtype: element type.
        shape: lengths, numbers and symbols.
        strides: elements from one index to the next, per axis.
        offset: elements from the pointer to the first one.
        literal: the number in C, where all elements are this number and lie nowhere.
    """

    pointer: str
    dtype: str
    shape: Shape
    strides: Shape
    offset: Dim = 0
    literal: str | None = None

    @staticmethod
    def of(pointer: str, dtype: str, layout: Layout) -> Array:
        """Return the array with a layout behind a pointer."""
        return Array(pointer, dtype, layout.shape, layout.strides, layout.offset)

    @property
    def c_type(self) -> str:
        """The element type in C."""
        return C_TYPES[self.dtype]

    @property
    def wrapping(self) -> Array:
        """The same numbers for sums and products, in which whole ones wrap around; see `UNSIGNED` in `text.py`."""
        if self.dtype not in UNSIGNED:
            return self
        dtype = UNSIGNED[self.dtype]
        literal = None if self.literal is None else f"(({C_TYPES[dtype]}){self.literal})"
        return replace(self, pointer=f"((const {C_TYPES[dtype]} *){self.pointer})", dtype=dtype, literal=literal)

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
    def address(self) -> str:
        """Pointer to the first element."""
        return self.pointer if self.offset == 0 else f"{self.pointer} + {dim_text(self.offset)}"

    def at(self, *indices: str) -> str:
        """Return the element at some indices, one expression per axis."""
        if self.literal is not None:
            return self.literal
        terms = [] if self.offset == 0 else [bare_dim_text(self.offset)]
        for index, stride, length in zip(indices, self.strides, self.shape, strict=True):
            if stride != 0 and length != 1 and index != "0":
                terms.append(_term(index, stride))
        return f"{self.pointer}[{' + '.join(terms) or '0'}]"

    def seen_as(self, layout: Layout) -> Array:
        """Return another window on the same memory."""
        return replace(self, shape=layout.shape, strides=layout.strides, offset=layout.offset)

    def broadcast_to(self, shape: Shape) -> Array:
        """Return the array repeated to a shape, with strides of 0."""
        return self.seen_as(self.layout.broadcast_to(shape))

    def transposed(self, axes: Sequence[int]) -> Array:
        """Return the array with its axes in another order."""
        return self.seen_as(self.layout.transpose(tuple(axes)))


def _term(index: str, stride: Dim) -> str:
    if stride == 1:
        return index
    needs = not index.isidentifier() and not index.isdigit()
    return f"{f'({index})' if needs else index} * {dim_text(stride)}"


def known_size(shape: Sequence[Dim]) -> int | None:
    """Return the number of elements, None where it is known at run time only."""
    return prod(dim for dim in shape if isinstance(dim, int)) if all(isinstance(dim, int) for dim in shape) else None
