"""Loop nests: axes joined as far as all arrays allow, the innermost one for the compiler to vectorise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nnc.backends.c.arrays import Array, Index
from nnc.backends.c.bounded_bias import BoundedBias
from nnc.backends.c.expressions import Expression, variable
from nnc.backends.c.statements import SIMD, Code, block, loop
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, shared_loops, shared_nest
from nnc.ir import Dim, Shape

UNROLLED = 8
"""Longest innermost axis that is written out element by element, so that the one around it is vectorised."""

LANES = 8
"""Lanes in which a sum is added: the fewer, the sooner they are added to each other, which a short sum waits for."""
MANY_LANES = 32
"""Lanes of a sum of many terms, so that several vectors are added at a time."""

_FARTHEST = 32
"""Most elements from one turn of a vectorised loop to the next where a turn reads several that lie between the two."""

Element = Callable[[Array], Expression]
"""Gives an array's element in one iteration."""
Body = Callable[[Element], Sequence[Code]]
"""Makes the statements of one iteration."""


@dataclass(frozen=True)
class Axes:
    """The axes of a nest after joining those that are one for all arrays.

    Args:
        shape: lengths of the joined axes.
        strides: strides of each array along them.
    """

    shape: Shape
    strides: tuple[Shape, ...]

    @staticmethod
    def joined(shape: Shape, arrays: Sequence[Array]) -> Axes:
        """Join neighbouring axes where every array steps through both as through one; axes of length 1 go."""
        lengths: list[Dim] = []
        steps: list[list[Dim]] = [[] for _ in arrays]
        for axis, length in enumerate(shape):
            if length == 1:
                continue
            current = [array.strides[axis] if array.shape[axis] != 1 else 0 for array in arrays]
            if lengths and all(found[-1] == stride * length for found, stride in zip(steps, current, strict=True)):
                lengths[-1] = lengths[-1] * length
                for found, stride in zip(steps, current, strict=True):
                    found[-1] = stride
            else:
                lengths.append(length)
                for found, stride in zip(steps, current, strict=True):
                    found.append(stride)
        return Axes(tuple(lengths), tuple(map(tuple, steps)))


@dataclass(frozen=True)
class Elementwise:
    """Elementwise steps, printed as loops over all elements or over some of them.

    Args:
        shape: of the elements.
        arrays: what the body reads or writes, each broadcast to the shape.
        body: makes the statements of one element.
        head: the one of `arrays` that is read as the result of the product whose epilogue the steps are.
        loops: the loops over all elements, if they are not those around the body.
        bounded_bias: what the steps are to a product that can compute them, where they are no more than that.
    """

    shape: Shape
    arrays: tuple[Array, ...]
    body: Body
    head: Array | None = None
    loops: tuple[Code, ...] | None = None
    bounded_bias: BoundedBias | None = None

    def everywhere(self) -> list[Code]:
        """Return the loops over all elements."""
        return write_nest(self.shape, self.arrays, self.body) if self.loops is None else list(self.loops)

    @property
    def has_rows(self) -> bool:
        """Whether all axes but the last one are one for all arrays, so that `block` can be used."""
        return len(self.rows.shape) <= 1

    @property
    def rows(self) -> Axes:
        """All axes but the last one, joined as far as all arrays allow."""
        arrays = [replace(array, shape=array.shape[:-1], strides=array.strides[:-1]) for array in self.arrays]
        return Axes.joined(self.shape[:-1], arrays)

    def block(self, top: Index, bottom: Index, left: Index, right: Index) -> list[Code]:
        """Return the loops over a block.

        Args:
            top: the first row, all axes but the last one being rows.
            bottom: the row behind the last one.
            left: the first column.
            right: the column behind the last one; so few columns as are written out are all of them.
        """
        row, column = variable("i"), variable("j")
        last = self.shape[-1]
        if isinstance(last, int) and last <= UNROLLED and len(self.rows.shape) == 1:
            written = [block(self.body(self._element(row, number))) for number in range(last)]
            return [loop(row, bottom, written, SIMD if can_vectorise(self.views, 0, 1) else None, top)]
        lines = self.body(self._element(row, column))
        columns = loop(column, right, lines, SIMD if can_vectorise(self.arrays, -1) else None, left)
        return [loop(row, bottom, [columns], start=top)]

    def column(self, number: int, given: Expression) -> Code:
        """Return the steps of one column of row `i`.

        Args:
            number: of the column.
            given: the element of the head.
        """
        at = self._element(variable("i"), number)
        return block(self.body(lambda array: given if array is self.head else at(array)))

    @property
    def views(self) -> list[Array]:
        """The arrays with all axes but the last one joined, where they have more elements than one."""
        rows = self.rows
        shape = (*rows.shape, self.shape[-1])
        return [
            Array(array.pointer, array.dtype, shape, (*strides, array.strides[-1]), array.offset)
            for array, strides in zip(self.arrays, rows.strides, strict=True)
        ]

    def _element(self, row: Index, column: Index) -> Element:
        """Return what gives an array's element in a row and a column."""
        views = {id(array): view for array, view in zip(self.arrays, self.views, strict=True)}
        return lambda array: views[id(array)].at(*([row, column] if views[id(array)].rank == 2 else [column]))


def can_vectorise(arrays: Sequence[Array], axis: int, unrolled: int | None = None) -> bool:
    """Return whether a loop may be marked as one whose turns run side by side.

    Where a turn reads several elements of a buffer, and the next turn those a power of two further on, GCC reads all
    that lies in between as well and sorts it: with 2048 elements from turn to turn it writes thousands of instructions
    for two elements of use, and takes more than half an hour where it otherwise takes a second.

    Args:
        arrays: what a turn reads or writes.
        axis: the loop's.
        unrolled: the axis whose elements are written out within a turn.
    """
    seen: dict[str, Dim] = {}
    for array in arrays:
        step = array.strides[axis]
        if array.literal is not None or not isinstance(step, int) or not _is_far(abs(step)):
            continue
        is_repeated = unrolled is not None and array.shape[unrolled] != 1 and array.strides[unrolled] != 0
        if is_repeated or seen.setdefault(array.pointer.text, array.offset) != array.offset:
            return False
    return True


def _is_far(step: int) -> bool:
    return step > _FARTHEST and step & (step - 1) == 0


def write_nest(shape: Shape, arrays: Sequence[Array], body: Body) -> list[Code]:
    """Return a loop nest over a shape, whose iterations may run side by side.

    Args:
        shape: lengths of the iterations.
        arrays: what the body reads or writes, each broadcast to the shape; they overlap element by element only.
        body: makes the statements of one iteration.
    """
    axes = Axes.joined(shape, arrays)
    views = {
        id(array): Array(array.pointer, array.dtype, axes.shape, strides, array.offset, array.literal)
        for array, strides in zip(arrays, axes.strides, strict=True)
    }
    rank = len(axes.shape)
    names = [variable(f"i{axis}") for axis in range(rank)] if rank > 1 else [variable("i")] * rank
    if 0 in axes.shape:
        return []

    def element(indices: Sequence[Index]) -> Element:
        return lambda array: views[id(array)].at(*indices)

    last = axes.shape[-1] if rank else 1
    unrolls = rank > 1 and isinstance(last, int) and last <= UNROLLED
    lines: list[Code] = []
    if unrolls:
        assert isinstance(last, int)
        lines += [block(body(element([*names[:-1], index]))) for index in range(last)]
    else:
        lines += body(element(names))
    looped = rank - 1 if unrolls else rank
    simd = looped > 0 and can_vectorise(list(views.values()), looped - 1, rank - 1 if unrolls else None)
    for axis in reversed(range(looped)):
        directive = SIMD if simd and axis == looped - 1 else None
        if axis == 0:
            directive = shared_nest(axes.shape, directive=directive, depth=max(looped - 1, 1))
        lines = [loop(names[axis], axes.shape[axis], lines, directive)]
    return lines if looped else [block(lines)]


def write_loops(indices: Sequence[Index], shape: Shape, lines: Sequence[Code], work: Dim | None = None) -> list[Code]:
    """Return loops around statements, one right inside the other.

    Args:
        indices: of the loops; a number has none.
        shape: lengths of the loops.
        lines: the statements of one turn.
        work: elements of all turns, which threads share; None where one thread has them all.
    """
    counted = [(index, length) for index, length in zip(indices, shape, strict=True) if isinstance(index, Expression)]
    directive = None
    if work is not None and counted:
        directive = shared_loops([length for _, length in counted], work, PARALLEL_SIZE, PARALLEL_ROW)
    found = list(lines)
    for index, length in reversed(counted[1:]):
        found = [loop(index, length, found)]
    return [loop(*counted[0], found, directive)] if counted else [block(found)]
