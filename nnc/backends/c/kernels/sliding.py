"""Common parts of kernels with sliding windows: their geometry, and loops that add patches up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from nnc.backends.c.expressions import (
    Expression,
    Operand,
    chain,
    choice,
    infix,
    operand,
    size_of,
    variable,
)
from nnc.backends.c.statements import SIMD, Code, Statement, assign, block, declare, loop, pointer, when
from nnc.backends.c.text import C_TYPES, own_dim
from nnc.backends.c.thread_counts import PARALLEL_SIZE, members_of, shared
from nnc.ir import Dim
from nnc.ir.ops.convolution import Sliding

BAND = own_dim("nnc.band")
"""The run-time dimension that is the number of places of a band, the last of which may have fewer."""
IMAGE, PLACE, START, STOP, GROUP, LINE, ROW, FIRST, CHANNEL = map(
    variable, ("image", "place", "start", "stop", "group", "line", "row", "first", "c")
)
BAND_ELEMENTS = 128 * 1024
"""Elements of patches that are computed before they are added up: 512 KiB of float32, half of a core's cache."""
BAND_PLACES = 512
"""Least number of places of a band, because each band reads the whole kernel,"""
BAND_LIMIT = 1024 * 1024
"""but for patches so long that these would be more elements."""


@dataclass(frozen=True)
class Axis:
    """One spatial axis.

    Args:
        letter: what variables for the axis end with.
        length: elements of the input.
        places: of the window.
        size: elements of the window.
        stride: elements between two places.
        dilation: elements between two elements of the window.
        before: zeros in front of the input.
        checked: whether windows may reach out of the input.
    """

    letter: str
    length: Dim
    places: Dim
    size: int
    stride: int
    dilation: int
    before: Dim
    checked: bool

    @property
    def place(self) -> Expression:
        """The place of the window."""
        return variable(f"p{self.letter}")

    @property
    def seen(self) -> Expression:
        """The element of the input."""
        return variable(f"x{self.letter}")

    @property
    def tap(self) -> Expression:
        """The element of the window."""
        return variable(f"k{self.letter}")

    @property
    def scaled(self) -> Expression:
        """The element of the input with its zeros that the window's first element meets."""
        return self.place if self.stride == 1 else self.place * self.stride

    @property
    def index(self) -> Expression:
        """The element of the input that an element k of the window at a place p meets."""
        within = self.tap * self.dilation if self.dilation > 1 else self.tap
        return self._moved(self.scaled + within if self.size > 1 else self.scaled)

    @property
    def first(self) -> Expression:
        """The element of the input that the window's first element meets; it may lie in front of the input."""
        return self._moved(self.scaled)

    def _moved(self, index: Expression) -> Expression:
        return index if self.before == 0 else index - self.before

    @property
    def outside(self) -> Expression:
        """Whether the element is none of the input."""
        return infix("||", infix("<", self.seen, 0), infix(">=", self.seen, self.length))

    @property
    def declaration(self) -> Statement:
        """The statement that names the element of the input."""
        return declare("const int64_t", self.seen, self.index)


@dataclass(frozen=True)
class Geometry:
    """The geometry of a window that slides over an input (batch, …, channels).

    Args:
        batch: number of images.
        axes: spatial axes.
        channels: of the input.
        filters: channels of the result.
        groups: parts into which both are split.
        dtype: element type.
    """

    batch: Dim
    axes: tuple[Axis, ...]
    channels: int
    filters: int
    groups: int
    dtype: str

    @staticmethod
    def of(op: Sliding, x: Sequence[Dim], kernel: Sequence[Dim], y: Sequence[Dim], dtype: str) -> Geometry:
        """Return the geometry of an op from the shapes of input, kernel and result."""
        letters = "dhw"[3 - op.rank :]
        axes = tuple(
            Axis(
                letter, x[axis + 1], y[axis + 1], int(kernel[axis]), op.strides[axis], op.dilation[axis],
                op.before[axis], op.before[axis] != 0 or op.after[axis] != 0,
            )
            for axis, letter in enumerate(letters)
        )  # fmt: skip
        return Geometry(x[0], axes, int(x[-1]), int(y[-1]), op.groups, dtype)

    @property
    def places(self) -> Dim:
        """Places of the window in one image."""
        count: Dim = 1
        for axis in self.axes:
            count = count * axis.places
        return count

    @property
    def total(self) -> Dim:
        """Places of the window in all images."""
        return self.batch * self.places

    @property
    def window(self) -> int:
        """Elements of the window."""
        return prod(axis.size for axis in self.axes)

    @property
    def depth(self) -> int:
        """Channels of a group."""
        return self.channels // self.groups

    @property
    def patch(self) -> int:
        """Elements that a place of the window sees in one group."""
        return self.window * self.depth

    @property
    def has_long_runs(self) -> bool:
        """Whether what a place sees of a line of the window lies side by side, not only the channels of an element."""
        return self.groups == 1 and self.axes[-1].dilation == 1

    @property
    def run(self) -> int:
        """Elements that lie side by side in what a place sees."""
        return self.depth * (self.axes[-1].size if self.has_long_runs else 1)

    @property
    def is_pointwise(self) -> bool:
        """Whether each place sees one element and each element is seen from one place."""
        return self.window == 1 and all(axis.stride == 1 and not axis.checked for axis in self.axes)

    @property
    def is_depthwise(self) -> bool:
        """Whether each filter sees one channel of several."""
        return self.groups > 1 and self.depth == 1

    @property
    def overlaps(self) -> bool:
        """Whether two places may see the same element."""
        return any(axis.stride < (axis.size - 1) * axis.dilation + 1 for axis in self.axes)

    @property
    def band(self) -> int:
        """Places whose patches are computed before they are added up."""
        room = max(BAND_ELEMENTS // self.patch, min(BAND_LIMIT // self.patch, BAND_PLACES), 1)
        return min(room, self.total) if isinstance(self.total, int) else room

    @property
    def type(self) -> str:
        """The element type in C."""
        return C_TYPES[self.dtype]

    def size(self, elements: Operand) -> Expression:
        """Return the bytes of so many elements."""
        return operand(elements) * size_of(self.type)

    def line(self) -> Expression:
        """Return the number of the element (image, …) of the last axis's first one, before the channels."""
        found = IMAGE
        for axis in self.axes[:-1]:
            found = found * axis.length + axis.seen
        return found * self.axes[-1].length

    def place(self) -> list[Code]:
        """Return the statements that take the number of a place apart."""
        lines: list[Code] = []
        rest = PLACE
        for axis in reversed(self.axes):
            if axis.places == 1:
                lines.append(declare("const int64_t", axis.place, 0))
            else:
                index, rest = taken_apart(rest, [(axis.place, axis.places)])
                lines += index
        return [*lines, declare("const int64_t", IMAGE, rest)]


def taken_apart(number: Expression, axes: Sequence[tuple[Expression, Dim]], kind: str = "const int64_t") -> Taken:
    """Return the statements that take a number apart into indices, the last of which runs fastest, and what is left.

    Args:
        number: to take apart.
        axes: each index, and how many there are of it.
        kind: type of the indices.
    """
    lines: list[Code] = []
    for index, count in reversed(axes):
        lines.append(declare(kind, index, number % count))
        number = number / count
    return lines, number


def any_of(conditions: Sequence[Expression]) -> Expression | None:
    """Return whether one of some conditions holds; None where there are none."""
    return chain("||", conditions) if conditions else None


def over_bands(geometry: Geometry, lines: Sequence[Code]) -> list[Code]:
    """Return the loop over bands of places, from `start` to `stop`."""
    band, end = geometry.band, operand(geometry.total)
    stop = choice(infix("<", START + band, end), START + band, end)
    body = [declare("const int64_t", STOP, stop), declare("const int64_t", operand(BAND), STOP - START), *lines]
    return [loop(START, end, body, step=band)]


def scatter(geometry: Geometry, x: Expression, patches: Expression) -> Code:
    """Return the loops that add the rows of a band's patches to what their places see.

    Threads share the places where no two see the same element.

    Args:
        geometry: of the op; where there are groups, `group` has the number of one.
        x: pointer to the input.
        patches: pointer to the workspace.
    """
    *outer, last = geometry.axes
    depth, row = geometry.depth, last.size * geometry.depth

    def passed(elements: int) -> Code:
        return assign(_PATCH, elements, sign="+=")

    def add(at: Expression, elements: int) -> list[Code]:
        element = x + (LINE + at) * geometry.channels
        return [
            pointer(geometry.type, _SEEN, element + GROUP * depth if geometry.groups > 1 else element),
            loop(CHANNEL, elements, [assign(_SEEN[CHANNEL], _PATCH[CHANNEL], sign="+=")], SIMD),
        ]

    single = [
        last.declaration,
        *_unless(last.outside if last.checked else None, add(last.seen, depth)),
        passed(depth),
    ]
    each: list[Code] = [loop(last.tap, last.size, single)] if last.size > 1 else single
    lines: list[Code] = [declare("const int64_t", LINE, geometry.line())]
    if last.size > 1 and (last.dilation == 1 and geometry.groups == 1):
        together = [block(add(last.seen, row)), passed(row)]
        lines.append(declare("const int64_t", last.seen, last.first))
        if last.checked:
            is_inside = infix("&&", infix(">=", last.seen, 0), infix("<=", last.seen + last.size, last.length))
            lines.append(when(is_inside, together, each))
        else:
            lines += together
    else:
        lines += each
    outside = any_of([axis.outside for axis in outer if axis.checked])
    lines = lines if outside is None else [when(outside, [passed(row)], lines)]
    for axis in reversed(outer):
        lines = [axis.declaration, *lines]
        if axis.size > 1:
            lines = [loop(axis.tap, axis.size, lines)]
    begin = patches + (PLACE - START) * geometry.patch
    body = [*geometry.place(), pointer(f"const {geometry.type}", _PATCH, begin, is_fixed=False), *lines]
    count = None
    if not geometry.overlaps and geometry.band * geometry.patch >= PARALLEL_SIZE:
        count = members_of(STOP - START, (STOP - START) * geometry.patch, PARALLEL_SIZE)
    return loop(PLACE, STOP, body, shared(count), start=START)


_PATCH, _SEEN = variable("patch"), variable("seen")
Taken = tuple[list[Code], Expression]


def _unless(condition: Expression | None, lines: Sequence[Code]) -> list[Code]:
    """Return statements for where a condition does not hold; as they are where there is none."""
    return list(lines) if condition is None else [when(condition, (), lines)]
