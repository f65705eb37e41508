"""Convolutions in which each filter sees one channel: sums of products in place, a row of places at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, call, chain, infix, operand, variable
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.sliding import (
    CHANNEL,
    FIRST,
    GROUP,
    IMAGE,
    LINE,
    ROW,
    Axis,
    Geometry,
    taken_apart,
)
from nnc.backends.c.statements import (
    SIMD,
    Code,
    Statement,
    array,
    assign,
    block,
    declare,
    execute,
    loop,
    pointer,
    turns,
    when,
)
from nnc.backends.c.thread_counts import shared_nest
from nnc.ir import Dim
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, Sliding
from nnc.ir.types import ITEM_SIZES

MAXIMUM_WINDOW = 32
"""Elements of a window up to which the sum over it is written out; its weights then stay in vector registers."""
VECTOR_BYTES = 64
"""Channels that are computed side by side."""


def depthwise(op: Sliding, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return the loops of any of the three ops."""
    if geometry.filters != geometry.channels or geometry.window > MAXIMUM_WINDOW:
        return plain(op, geometry, x, kernel, y)
    taps = [kernel.address + index * geometry.channels for index in range(geometry.window)]
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


def _sums(geometry: Geometry, x: Array, taps: Sequence[Expression], y: Array) -> list[Code]:
    """Return loops over places and channels; where the whole window lies inside the input, sums have no branches.

    Args:
        geometry: of the convolution.
        x: its input.
        taps: pointers to the weights of each element of the window.
        y: its result.
    """
    channels, step = geometry.channels, VECTOR_BYTES // ITEM_SIZES[geometry.dtype]
    outer = geometry.axes[:-1]
    lines: list[Code] = []
    if channels >= step:
        is_full = infix("<=", FIRST + step, channels)
        lines.append(turns(FIRST, operand(0), is_full, _row(geometry, x, taps, y, step), step=step))
    if channels % step:
        rest = declare("const int64_t", FIRST, channels - channels % step)
        lines.append(block([rest, *_row(geometry, x, taps, y, channels % step)]))
    inside = [_inside(axis) for axis in outer if axis.checked]
    rows = geometry.batch
    for axis in outer:
        rows = rows * axis.places
    places, image = taken_apart(ROW, [(axis.place, axis.places) for axis in outer])
    body = [
        *places,
        declare("const int64_t", IMAGE, image),
        *(declare("const int64_t", axis.seen, axis.first) for axis in outer),
        *([declare("const bool", _WHOLE, chain("&&", inside))] if inside else []),
        *lines,
    ]
    shared = shared_nest((rows, geometry.axes[-1].places, geometry.window * geometry.channels))
    return [loop(ROW, rows, body, shared)]


_WHOLE, _SEEN, _SUM, _TAP, _TAPS, _TARGET = map(variable, ("whole", "seen", "sum", "tap", "taps", "target"))


def _inside(axis: Axis) -> Expression:
    """Whether a whole window lies inside, from its first element."""
    spread = (axis.size - 1) * axis.dilation
    return infix("&&", infix(">=", axis.seen, 0), infix("<", axis.seen + spread, axis.length))


def _channels(width: int, body: Sequence[Code]) -> Code:
    """Return the loop over channels that are computed side by side."""
    return turns(CHANNEL, operand(0), infix("<", CHANNEL, width), body, SIMD, kind="int")


def _row(geometry: Geometry, x: Array, taps: Sequence[Expression], y: Array, width: int) -> list[Code]:
    """Return the loop over the places of a row for some channels."""
    *outer, last = geometry.axes
    channels = geometry.channels
    steps: list[Dim] = [channels]
    for axis in reversed(geometry.axes[1:]):
        steps.insert(0, steps[0] * axis.length)
    offsets: list[Dim] = [0]
    for axis, stride in zip(geometry.axes, steps, strict=True):
        offsets = [offset + index * axis.dilation * stride for offset in offsets for index in range(axis.size)]
    first, *others = [
        _SEEN[operand(offset) + CHANNEL if offset != 0 else CHANNEL] * _TAPS[index][CHANNEL]
        for index, offset in enumerate(offsets)
    ]
    body = [
        declare(geometry.type, _SUM, first),
        *(assign(_SUM, term, sign="+=") for term in others),
        assign(_TARGET[CHANNEL], _SUM),
    ]
    fast: list[Code] = [
        pointer(f"const {geometry.type}", _SEEN, x.address + (LINE + last.seen) * channels + FIRST),
        _channels(width, body),
    ]
    inside = [*([_WHOLE] if any(axis.checked for axis in outer) else []), *([_inside(last)] if last.checked else [])]
    place = ROW * last.places + last.place
    lines = [
        declare("const int64_t", last.seen, last.first),
        pointer(geometry.type, _TARGET, y.address + place * channels + FIRST),
        *([when(chain("&&", inside), fast, _partial(geometry, x, width))] if inside else fast),
    ]
    return [
        array(geometry.type, _TAPS, geometry.window, width),
        *(execute(call("memcpy", _TAPS[index], tap + FIRST, geometry.size(width))) for index, tap in enumerate(taps)),
        declare("const int64_t", LINE, geometry.line()),
        loop(last.place, last.places, lines),
    ]


def _partial(geometry: Geometry, x: Array, width: int) -> list[Code]:
    """Return the sum over the part of the window that lies inside the input."""
    found = {axis.letter: variable(f"j{axis.letter}") for axis in geometry.axes}
    at, index = IMAGE, None
    for axis in geometry.axes:
        at = at.grouped * axis.length + found[axis.letter]
        index = axis.tap if index is None else index.grouped * axis.size + axis.tap
    assert index is not None
    lines: list[Code] = [
        pointer(f"const {geometry.type}", _SEEN, x.address + at * geometry.channels + FIRST),
        pointer(f"const {geometry.type}", _TAP, _TAPS[index]),
        _channels(width, [assign(_SUM[CHANNEL], _SEEN[CHANNEL] * _TAP[CHANNEL], sign="+=")]),
    ]
    for axis in reversed(geometry.axes):
        here = found[axis.letter]
        outside = infix("||", infix("<", here, 0), infix(">=", here, axis.length))
        step = axis.tap * axis.dilation if axis.dilation > 1 else axis.tap
        lines = [
            declare("const int64_t", here, axis.seen + step),
            *([when(outside, [Statement("continue;")])] if axis.checked else []),
            *lines,
        ]
        lines = [loop(axis.tap, axis.size, lines)]
    zeros = array(geometry.type, _SUM, width, values=[0])
    return [zeros, *lines, _channels(width, [assign(_TARGET[CHANNEL], _SUM[CHANNEL])])]


def plain(op: Sliding, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return one loop per index: what the ops mean, for arrays of all kinds."""
    depth, filters = geometry.depth, geometry.filters // geometry.groups
    filter = variable("f")
    channel_of_all = CHANNEL if geometry.groups == 1 else GROUP * depth + CHANNEL
    filter_of_all = filter if geometry.groups == 1 else GROUP * filters + filter
    seen = x.at(IMAGE, *(axis.seen for axis in geometry.axes), channel_of_all)
    value = kernel.at(*(axis.tap for axis in geometry.axes), CHANNEL, filter_of_all)
    sum = y.at(IMAGE, *(axis.place for axis in geometry.axes), filter_of_all)
    if isinstance(op, Convolution):
        result, statement = y, assign(sum, seen * value, sign="+=")
    elif isinstance(op, ConvolutionInputGradient):
        result, statement = x, assign(seen, sum * value, sign="+=")
    else:
        result, statement = kernel, assign(value, seen * sum, sign="+=")
    lines: list[Code] = [loop(CHANNEL, depth, [loop(filter, filters, [statement])])]
    if geometry.groups > 1:
        lines = [loop(GROUP, geometry.groups, lines)]
    for axis in reversed(geometry.axes):
        lines = [_over_axis(axis, lines)]
    return [*fill_lines(result, 0), loop(IMAGE, geometry.batch, lines)]


def _over_axis(axis: Axis, lines: Sequence[Code]) -> Code:
    """Return the loops over an axis's window and places."""
    is_inside = infix("&&", infix(">=", axis.seen, 0), infix("<", axis.seen, axis.length))
    inner = [when(is_inside, lines)] if axis.checked else lines
    return loop(axis.tap, axis.size, [loop(axis.place, axis.places, [axis.declaration, *inner])])
