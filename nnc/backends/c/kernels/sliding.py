"""Common parts of kernels with sliding windows: their geometry, and loops that gather patches or add them up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.sharing import PARALLEL_SIZE, members_of, parallel_for
from nnc.backends.c.text import C_TYPES, dim_text, own_dim
from nnc.ir import Dim
from nnc.ops.convolution import Sliding

BAND = own_dim("nnc.band")
"""The run-time dimension that is the number of places of a band, the last of which may have fewer."""
BAND_ELEMENTS = 128 * 1024
"""Elements that are gathered before they are multiplied: 512 KiB of float32, half of a core's second-level cache."""
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
    def index(self) -> str:
        """The element of the input that an element k of the window at a place p meets, in C."""
        first = f"p{self.letter}" if self.stride == 1 else f"p{self.letter} * {self.stride}"
        return f"{first}{self.offset}"

    @property
    def offset(self) -> str:
        """The offset that the window's element adds to its place."""
        text = ""
        if self.size > 1:
            text += f" + k{self.letter}" + (f" * {self.dilation}" if self.dilation > 1 else "")
        return text + (f" - {dim_text(self.before)}" if self.before != 0 else "")

    @property
    def first(self) -> str:
        """The element of the input that the window's first element meets, in C; it may lie in front of the input."""
        place = f"p{self.letter}" if self.stride == 1 else f"p{self.letter} * {self.stride}"
        return place if self.before == 0 else f"{place} - {dim_text(self.before)}"

    @property
    def outside(self) -> str:
        """Whether the element is none of the input, in C."""
        return f"x{self.letter} < 0 || x{self.letter} >= {dim_text(self.length)}"

    @property
    def declaration(self) -> str:
        """The statement that names the element of the input."""
        return f"const int64_t x{self.letter} = {self.index};"


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
    def is_pointwise(self) -> bool:
        """Whether each place sees one element and each element is seen from one place."""
        return self.window == 1 and all(axis.stride == 1 and not axis.checked for axis in self.axes)

    @property
    def is_depthwise(self) -> bool:
        """Whether each filter sees one channel of several."""
        return self.groups > 1 and self.depth == 1

    @property
    def band(self) -> int:
        """Places whose patches are gathered before they are multiplied."""
        room = max(BAND_ELEMENTS // self.patch, min(BAND_LIMIT // self.patch, BAND_PLACES), 1)
        return min(room, self.total) if isinstance(self.total, int) else room

    @property
    def type(self) -> str:
        """The element type in C."""
        return C_TYPES[self.dtype]

    def size(self, elements: int) -> str:
        """Return a number of bytes in C."""
        return f"{elements} * sizeof({self.type})"

    def line(self) -> str:
        """Return the number of the element (image, …) of the last axis's first one, before the channels, in C."""
        text = "image"
        for axis, index in zip(self.axes, [*(f"x{axis.letter}" for axis in self.axes[:-1]), ""], strict=True):
            text = f"{text if text == 'image' else f'({text})'} * {dim_text(axis.length)}"
            text += f" + {index}" if index else ""
        return text

    def place(self) -> list[str]:
        """Return the statements that take the number of a place apart."""
        lines, rest = [], "place"
        for axis in reversed(self.axes):
            if axis.places == 1:
                lines.append(f"const int64_t p{axis.letter} = 0;")
                continue
            places = dim_text(axis.places)
            lines.append(f"const int64_t p{axis.letter} = {rest} % {places};")
            rest = f"{rest} / {places}"
        return [*lines, f"const int64_t image = {rest};"]


def over_bands(geometry: Geometry, lines: Sequence[str]) -> list[str]:
    """Return the loop over bands of places, from `start` to `stop`."""
    total, band = geometry.total, geometry.band
    return [
        f"for (int64_t start = 0; start < {dim_text(total)}; start += {band}) {{",
        f"    const int64_t stop = start + {band} < {dim_text(total)} ? start + {band} : {dim_text(total)};",
        f"    const int64_t {dim_text(BAND)} = stop - start;",
        *indented(lines),
        "}",
    ]


def gather(geometry: Geometry, x: str, patches: str, group: str) -> list[str]:
    """Return loops that copy what the places of a band see, zeros included; a row of the patches per place.

    Args:
        geometry: of the op.
        x: pointer to the input.
        patches: pointer to the workspace.
        group: variable with the number of the group, or an empty text.
    """

    def copy(at: str, elements: int) -> list[str]:
        return [f"memcpy(patch, {x} + {_element(geometry, at, group)}, {geometry.size(elements)});"]

    def clear(elements: int) -> list[str]:
        return [f"memset(patch, 0, {geometry.size(elements)});"]

    lines = _over_places(geometry, f"{geometry.type} *patch = {patches}", copy, clear, group)
    if geometry.band * geometry.patch < PARALLEL_SIZE:
        return lines
    return [*parallel_for(members_of("stop - start", f"(stop - start) * {geometry.patch}", PARALLEL_SIZE)), *lines]


def scatter(geometry: Geometry, x: str, patches: str, group: str) -> list[str]:
    """Return loops that add the rows of the patches to what their places see."""

    def add(at: str, elements: int) -> list[str]:
        return [
            f"{geometry.type} *const seen = {x} + {_element(geometry, at, group)};",
            "#pragma omp simd",
            f"for (int64_t c = 0; c < {elements}; c++) {{",
            "    seen[c] += patch[c];",
            "}",
        ]

    return _over_places(geometry, f"const {geometry.type} *patch = {patches}", add, lambda elements: [], group)


def _element(geometry: Geometry, at: str, group: str) -> str:
    text = f"(line + {at}) * {geometry.channels}"
    return f"{text} + {group} * {geometry.depth}" if group else text


def _over_places(
    geometry: Geometry, patch: str, run: Callable[[str, int], list[str]], gap: Callable[[int], list[str]], group: str
) -> list[str]:
    """Return the loops over places and windows.

    Args:
        geometry: of the op.
        patch: the declaration of the pointer that runs through the patches.
        run: makes the statements for elements that lie side by side, from the index of the first one and their number.
        gap: makes the statements for elements outside the input, from their number.
        group: variable with the number of the group, or an empty text.
    """
    *outer, last = geometry.axes
    depth, row = geometry.depth, last.size * geometry.depth
    single = [
        last.declaration,
        *_either(last.outside if last.checked else "", gap(depth), run(f"x{last.letter}", depth)),
        f"patch += {depth};",
    ]
    each = [f"{loop_head(f'k{last.letter}', last.size)} {{", *indented(single), "}"] if last.size > 1 else single
    lines = [f"const int64_t line = {geometry.line()};"]
    if last.size > 1 and (last.dilation == 1 and geometry.groups == 1):
        whole = ["{", *indented(run(f"x{last.letter}", row)), "}"]
        lines.append(f"const int64_t x{last.letter} = {last.first};")
        if last.checked:
            inside = f"x{last.letter} >= 0 && x{last.letter} + {last.size} <= {dim_text(last.length)}"
            lines += _either(inside, [*whole, f"patch += {row};"], each)
        else:
            lines += [*whole, f"patch += {row};"]
    else:
        lines += each
    outside = " || ".join(axis.outside for axis in outer if axis.checked)
    lines = _either(outside, [*gap(row), f"patch += {row};"], lines)
    for axis in reversed(outer):
        lines = [axis.declaration, *lines]
        if axis.size > 1:
            lines = [f"{loop_head(f'k{axis.letter}', axis.size)} {{", *indented(lines), "}"]
    return [
        "for (int64_t place = start; place < stop; place++) {",
        *indented([*geometry.place(), f"{patch} + (place - start) * {geometry.patch};", *lines]),
        "}",
    ]


def _either(condition: str, lines: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return a choice of statements; the others alone where there is no condition."""
    if not condition:
        return list(others)
    return [f"if ({condition}) {{", *indented(lines), "} else {", *indented(others), "}"]
