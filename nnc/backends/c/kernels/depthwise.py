"""Convolutions in which each filter sees one channel: sums of products in place, a row of places at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.sliding import Axis, Geometry
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.sharing import parallel_nest
from nnc.backends.c.text import dim_text
from nnc.ir import Dim
from nnc.ir.types import ITEM_SIZES
from nnc.ops.convolution import Convolution, ConvolutionInputGradient, Sliding

MAXIMUM_WINDOW = 32
"""Elements of a window up to which the sum over it is written out; its weights then stay in vector registers."""
VECTOR_BYTES = 64
"""Channels that are computed side by side."""


def depthwise(op: Sliding, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[str]:
    """Return the loops of any of the three ops."""
    if geometry.filters != geometry.channels or geometry.window > MAXIMUM_WINDOW:
        return plain(op, geometry, x, kernel, y)
    taps = [f"{kernel.address} + {index * geometry.channels}" for index in range(geometry.window)]
    if isinstance(op, Convolution):
        return _sums(geometry, x, taps, y)
    if isinstance(op, ConvolutionInputGradient) and all(axis.stride == 1 for axis in geometry.axes):
        return _sums(_turned(geometry), y, taps[::-1], x)
    return plain(op, geometry, x, kernel, y)


def _turned(geometry: Geometry) -> Geometry:
    """Return the geometry of an input's gradient as a convolution of the result's gradient, for strides of 1."""
    axes = tuple(
        replace(
            axis,
            length=axis.places,
            places=axis.length,
            before=(axis.size - 1) * axis.dilation - axis.before,
            checked=True,
        )
        for axis in geometry.axes
    )
    return replace(geometry, axes=axes)


def _sums(geometry: Geometry, x: Array, taps: Sequence[str], y: Array) -> list[str]:
    """Return loops over places and channels; where the whole window lies inside the input, sums have no branches.

    Args:
        geometry: of the convolution.
        x: its input.
        taps: pointers to the weights of each element of the window.
        y: its result.
    """
    channels, step = geometry.channels, VECTOR_BYTES // ITEM_SIZES[geometry.dtype]
    outer = geometry.axes[:-1]
    lines = []
    if channels >= step:
        head = f"for (int64_t first = 0; first + {step} <= {channels}; first += {step}) {{"
        lines += [head, *indented(_row(geometry, x, taps, y, step)), "}"]
    if channels % step:
        lines += ["{", f"    const int64_t first = {channels - channels % step};"]
        lines += [*indented(_row(geometry, x, taps, y, channels % step)), "}"]
    inside = [_inside(axis) for axis in outer if axis.checked]
    rows = geometry.batch
    places = []
    rest = "row"
    for axis in reversed(outer):
        rows = rows * axis.places
        places.append(f"const int64_t p{axis.letter} = {rest} % {dim_text(axis.places)};")
        rest = f"{rest} / {dim_text(axis.places)}"
    return [
        *parallel_nest((rows, geometry.axes[-1].places, geometry.window * geometry.channels)),
        f"{loop_head('row', rows)} {{",
        *indented([*places, f"const int64_t image = {rest};"]),
        *indented([f"const int64_t x{axis.letter} = {axis.first};" for axis in outer]),
        *([f"    const bool whole = {' && '.join(inside)};"] if inside else []),
        *indented(lines),
        "}",
    ]


def _inside(axis: Axis) -> str:
    """Whether a whole window lies inside, from its first element."""
    spread = (axis.size - 1) * axis.dilation
    return f"x{axis.letter} >= 0 && x{axis.letter} + {spread} < {dim_text(axis.length)}"


def _row(geometry: Geometry, x: Array, taps: Sequence[str], y: Array, width: int) -> list[str]:
    """Return the loop over the places of a row for some channels."""
    *outer, last = geometry.axes
    channels = geometry.channels
    loop = ["#pragma omp simd", f"for (int c = 0; c < {width}; c++) {{"]
    steps: list[Dim] = [channels]
    for axis in reversed(geometry.axes[1:]):
        steps.insert(0, steps[0] * axis.length)
    offsets: list[Dim] = [0]
    for axis, stride in zip(geometry.axes, steps, strict=True):
        offsets = [offset + index * axis.dilation * stride for offset in offsets for index in range(axis.size)]
    terms = [
        f"seen[{f'{dim_text(offset)} + ' if offset != 0 else ''}c] * taps[{index}][c]"
        for index, offset in enumerate(offsets)
    ]
    body = [f"    float_sum = {terms[0]};".replace("float_sum", f"{geometry.type} sum")]
    body += [f"    sum += {term};" for term in terms[1:]]
    line = geometry.line()
    fast = [
        f"const {geometry.type} *const seen = {x.address} + (line + x{last.letter}) * {channels} + first;",
        *loop,
        *body,
        "    target[c] = sum;",
        "}",
    ]
    inside = [*(["whole"] if any(axis.checked for axis in outer) else []), *([_inside(last)] if last.checked else [])]
    place = "row * " + dim_text(last.places) + f" + p{last.letter}"
    lines = [
        f"const int64_t x{last.letter} = {last.first};",
        f"{geometry.type} *const target = {y.address} + ({place}) * {channels} + first;",
    ]
    if inside:
        lines += [f"if ({' && '.join(inside)}) {{", *indented(fast), "} else {"]
        lines += [*indented(_partial(geometry, x, loop)), "}"]
    else:
        lines += fast
    return [
        f"{geometry.type} taps[{geometry.window}][{width}];",
        *(f"memcpy(taps[{index}], {tap} + first, {geometry.size(width)});" for index, tap in enumerate(taps)),
        f"const int64_t line = {line};",
        f"{loop_head(f'p{last.letter}', last.places)} {{",
        *indented(lines),
        "}",
    ]


def _partial(geometry: Geometry, x: Array, loop: Sequence[str]) -> list[str]:
    """Return the sum over the part of the window that lies inside the input."""
    index, at = "0", ""
    for axis, outer in zip(geometry.axes, ["image", *(f"j{axis.letter}" for axis in geometry.axes)], strict=False):
        at = f"({at or outer}) * {dim_text(axis.length)} + j{axis.letter}"
        index = f"k{axis.letter}" if index == "0" else f"({index}) * {axis.size} + k{axis.letter}"
    lines = [
        f"const {geometry.type} *const seen = {x.address} + ({at}) * {geometry.channels} + first;",
        f"const {geometry.type} *const tap = taps[{index}];",
        *loop,
        "    sum[c] += seen[c] * tap[c];",
        "}",
    ]
    for axis in reversed(geometry.axes):
        step = f" * {axis.dilation}" if axis.dilation > 1 else ""
        outside = f"j{axis.letter} < 0 || j{axis.letter} >= {dim_text(axis.length)}"
        lines = [
            f"{loop_head(f'k{axis.letter}', axis.size)} {{",
            f"    const int64_t j{axis.letter} = x{axis.letter} + k{axis.letter}{step};",
            *([f"    if ({outside}) {{", "        continue;", "    }"] if axis.checked else []),
            *indented(lines),
            "}",
        ]
    width = loop[1].split(" < ")[1].split(";")[0]
    return [f"{geometry.type} sum[{width}] = {{0}};", *lines, *loop, "    target[c] = sum[c];", "}"]


def plain(op: Sliding, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[str]:
    """Return one loop per index: what the ops mean, for arrays of all kinds."""
    depth, filters = geometry.depth, geometry.filters // geometry.groups
    channel = "c" if geometry.groups == 1 else f"group * {depth} + c"
    filter = "f" if geometry.groups == 1 else f"group * {filters} + f"
    seen = x.at("image", *(f"x{axis.letter}" for axis in geometry.axes), channel)
    value = kernel.at(*(f"k{axis.letter}" for axis in geometry.axes), "c", filter)
    sum = y.at("image", *(f"p{axis.letter}" for axis in geometry.axes), filter)
    if isinstance(op, Convolution):
        result, statement = y, f"{sum} += {seen} * {value};"
    elif isinstance(op, ConvolutionInputGradient):
        result, statement = x, f"{seen} += {sum} * {value};"
    else:
        result, statement = kernel, f"{value} += {seen} * {sum};"
    loops = [("group", geometry.groups), ("c", depth), ("f", filters)]
    lines = [statement]
    for name, length in reversed(loops):
        if length > 1 or name != "group":
            lines = [f"{loop_head(name, length)} {{", *indented(lines), "}"]
    for axis in reversed(geometry.axes):
        lines = _over_axis(axis, lines)
    return [*fill_lines(result, 0), f"{loop_head('image', geometry.batch)} {{", *indented(lines), "}"]


def _over_axis(axis: Axis, lines: Sequence[str]) -> list[str]:
    """Return the loops over an axis's window and places."""
    letter = axis.letter
    inner = [axis.declaration, *lines]
    if axis.checked:
        inner = [
            f"const int64_t x{letter} = {axis.index};",
            f"if (x{letter} >= 0 && x{letter} < {dim_text(axis.length)}) {{",
            *indented(lines),
            "}",
        ]
    inner = [f"{loop_head(f'p{letter}', axis.places)} {{", *indented(inner), "}"]
    return [f"{loop_head(f'k{letter}', axis.size)} {{", *indented(inner), "}"]
