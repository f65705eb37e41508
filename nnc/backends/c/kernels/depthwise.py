"""Convolutions in which each filter sees one channel: sums of products in registers, a row of places at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, TOP, fusible
from nnc.backends.c.bounded_bias import BoundedBias, bias_arguments
from nnc.backends.c.expressions import Expression, Operand, call, choice, infix, operand, variable
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import KernelCall, Unit, Written
from nnc.backends.c.kernels.sliding import (
    CHANNEL,
    GROUP,
    IMAGE,
    ROW,
    START,
    STOP,
    Axis,
    Geometry,
    any_of,
    taken_apart,
)
from nnc.backends.c.statements import (
    Code,
    Statement,
    array,
    assign,
    block,
    declare,
    execute,
    loop,
    when,
)
from nnc.backends.c.text import SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, members, members_of, shared
from nnc.ir import Dim
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, Sliding

STRETCH = 64
"""Places of a sequence that are computed together; threads divide these, as they divide rows of places elsewhere."""

WRITTEN_OUT = frozenset({(1, 1), (2, 1), (3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)})
"""Sizes and strides of a window's lines that there are functions for."""
PRODUCTS = frozenset({(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)})
"""The same for the gradient of the weights."""
LANES = {"float32": 16, "float64": 8}
"""Channels of a line of the cache, the least that a thread has of the gradient of the weights."""

_LINES, _SEEN, _TAPS = map(variable, ("lines", "seen", "taps"))


def depthwise(step: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> Written:
    """Return the loops of any of the three ops."""
    is_plain, last = geometry.filters != geometry.channels, geometry.axes[-1]
    if isinstance(step.op, Convolution) and not is_plain:
        return _sums(step, geometry, x, kernel, y)
    if isinstance(step.op, ConvolutionInputGradient) and not is_plain and 1 in (last.stride, last.dilation):
        return _input_gradient(step.unit, geometry, x, kernel, y)
    if (
        isinstance(step.op, ConvolutionKernelGradient)
        and not is_plain
        and (last.dilation == 1 and (last.size, last.stride) in PRODUCTS and geometry.channels >= LANES[geometry.dtype])
    ):
        return _kernel_gradient(step.unit, geometry, x, kernel, y)
    return plain(step.op, geometry, x, kernel, y)


def _lines(
    geometry: Geometry,
    x: Expression,
    kernel: Expression,
    meets: Sequence[Code],
    line: Expression,
    width: Dim,
    taps: str = "const ",
) -> list[Code]:
    """Return the statements that list the lines of the window that lie inside, and what each sees.

    Args:
        geometry: of the op.
        x: what a line sees rows of.
        kernel: pointer to the weights.
        meets: statements that name the row which a line sees, or go on with the next line.
        line: number of that row, all images' rows counted.
        width: places of a row.
        taps: what precedes the type of weights.
    """
    outer, channels = geometry.axes[:-1], geometry.channels
    number: Expression = operand(0)
    for position, axis in enumerate(outer):
        number = number * axis.size + axis.tap if position else axis.tap
    found: list[Code] = [
        *meets,
        assign(_SEEN[_LINES], x + (line * width).grouped * channels),
        assign(_TAPS[_LINES], kernel + number.grouped * (geometry.axes[-1].size * channels) if outer else kernel),
        Statement("lines++;", _LINES.uses),
    ]
    for axis in reversed(outer):
        found = [loop(axis.tap, axis.size, found)]
    most = prod(axis.size for axis in outer)
    kind = f"const {geometry.type} *"
    return [
        array(kind, _SEEN, most),
        array(f"{taps}{geometry.type} *", _TAPS, most),
        declare("int64_t", _LINES, 0),
        *(found if outer else [block(found)]),
    ]


def _number(places: Sequence[tuple[Expression, Dim]]) -> Expression:
    """Return the number of a row from its image and its indices, each with how many there are."""
    found = IMAGE
    for index, count in places:
        found = (found * count + index).grouped
    return found


def _skip(condition: Expression) -> Code:
    return when(condition, [Statement("continue;")])


def _sums(step: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> Written:
    """Return the loops of a convolution and what is fused with it, over rows of places."""
    *outer, last = geometry.axes
    channels, rows = geometry.channels, geometry.batch
    for axis in outer:
        rows = rows * axis.places
    meets: list[Code] = []
    for axis in outer:
        meets += [axis.declaration, *([_skip(axis.outside)] if axis.checked else [])]
    parts, row, start, stop = operand(rows), ROW, operand(0), operand(last.places)
    head: list[Code] = []
    if not outer:  # a sequence is one row: it comes in stretches
        count, row, start, stop = _ceiling(operand(last.places), STRETCH).grouped, variable("sequence"), START, STOP
        parts = parts * count
        head = [
            declare("const int64_t", row, ROW / count),
            declare("const int64_t", start, ROW % count * STRETCH),
            declare("const int64_t", stop, _lesser(start + STRETCH, operand(last.places))),
        ]
    places, image = taken_apart(row, [(axis.place, axis.places) for axis in outer])
    window = last.size, last.stride, last.dilation
    fusion = fusible(step.epilogue, in_registers=_is_written_out(*window))
    sums = _row(
        step.unit,
        geometry.dtype,
        *(start, stop, last.length, *window, last.before, channels),
        *(0, channels, y.address + row * last.places * channels, channels),
        bias=fusion.bias,
    )
    behind: list[Code] = []
    if fusion.rows is not None:
        behind = [
            declare("const int64_t", TOP, row * last.places + start),
            declare("const int64_t", BOTTOM, row * last.places + stop),
            *fusion.rows.block(TOP, BOTTOM, 0, channels),
        ]
    seen = _number([(axis.seen, axis.length) for axis in outer])
    body = [
        *head,
        *places,
        declare("const int64_t", IMAGE, image),
        *_lines(geometry, x.address, kernel.address, meets, seen, last.length),
        execute(sums),
        *behind,
    ]
    work = geometry.total * (geometry.window * channels)
    return fusion.written([loop(ROW, parts, body, shared(_members(parts, work)))])


def _is_written_out(size: int, stride: int, dilation: int) -> bool:
    """Whether there is a function for lines of a window."""
    return dilation == 1 and (size, stride) in WRITTEN_OUT


def _row(
    unit: Unit,
    dtype: str,
    start: Expression,
    stop: Expression,
    length: Dim,
    size: int,
    stride: int,
    dilation: int,
    before: Operand,
    channels: int,
    *others: Operand,
    bias: BoundedBias | None = None,
) -> Expression:
    """Return the call that sums up places of a row.

    Its arguments are those of nnc_depthwise_row_f32, without lines; only functions for certain windows take a bias.
    """
    suffix, behind = SUFFIXES[dtype], (before, channels, _LINES, _SEEN, _TAPS, *others)
    if _is_written_out(size, stride, dilation):
        function = f"nnc_depthwise_row_{size}_{stride}_{suffix}"
        return unit.call(function, start, stop, length, *behind, *bias_arguments(bias))
    return unit.call(f"nnc_depthwise_row_{suffix}", start, stop, length, size, stride, dilation, *behind)


def _members(parts: Expression, work: Dim) -> Expression | None:
    """Return the number of threads that share so many multiplications; None where that is always one."""
    is_small = members(2, work, PARALLEL_SIZE, PARALLEL_ROW) is None
    return None if is_small or parts.text == "1" else members_of(parts, work, PARALLEL_SIZE)


def _input_gradient(unit: Unit, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return the loops over rows of the input: sums over the places that see an element.

    With a stride s along the row, every s-th element is seen by the same elements of the window, every s-th too.
    """
    *outer, last = geometry.axes
    channels, rows = geometry.channels, geometry.batch
    for axis in outer:
        rows = rows * axis.length
    meets: list[Code] = []
    for axis in outer:
        moved = axis.seen + axis.before - axis.tap * axis.dilation
        there = variable(f"t{axis.letter}")
        place = there if axis.stride == 1 else there / axis.stride
        tests = [infix("<", there, 0), *([infix("!=", there % axis.stride, 0)] if axis.stride > 1 else [])]
        outside = any_of([*tests, infix(">=", place, axis.places)])
        assert outside is not None
        meets += [declare("const int64_t", there, moved), _skip(outside), declare("const int64_t", axis.place, place)]
    sums: list[Code] = []
    for rest in range(last.stride):
        size = -(-(last.size - rest) // last.stride) if rest < last.size else 0
        skipped = _ceiling(operand(last.before) - rest, last.stride).grouped
        first = skipped * last.stride + rest - last.before
        count = _ceiling(operand(last.length) - first.grouped, last.stride)
        before = operand((size - 1) * last.dilation) - skipped
        target = x.address + (ROW * last.length + first).grouped * channels
        row = _row(
            unit,
            geometry.dtype,
            *(operand(0), count, last.places, size, 1, last.dilation, before, channels),
            *((rest + last.stride * max(size - 1, 0)) * channels, -last.stride * channels),
            *(target, last.stride * channels),
        )
        sums.append(execute(row))
    places, image = taken_apart(ROW, [(axis.seen, axis.length) for axis in outer])
    seen = _number([(axis.place, axis.places) for axis in outer])
    body = [
        *places,
        declare("const int64_t", IMAGE, image),
        *_lines(geometry, y.address, kernel.address, meets, seen, last.places),
        *sums,
    ]
    work = geometry.total * (geometry.window * channels)
    return [loop(ROW, rows, body, shared(_members(operand(rows), work)))]


def _kernel_gradient(unit: Unit, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return the loops over slices of the channels, which threads divide, and for each over rows of places."""
    *outer, last = geometry.axes
    channels, lanes, rows = geometry.channels, LANES[geometry.dtype], geometry.batch
    for axis in outer:
        rows = rows * axis.places
    meets: list[Code] = []
    for axis in outer:
        meets += [axis.declaration, *([_skip(axis.outside)] if axis.checked else [])]
    team, width, slice, tap = map(variable, ("team", "width", "slice", "tap"))
    places, image = taken_apart(ROW, [(axis.place, axis.places) for axis in outer])
    products = unit.call(
        f"nnc_depthwise_products_{last.size}_{last.stride}_{SUFFIXES[geometry.dtype]}",
        *(START, STOP, last.places, last.length, last.before, channels, _LINES, _SEEN, _TAPS),
        y.address + ROW * last.places * channels,
    )
    seen = _number([(axis.seen, axis.length) for axis in outer])
    row = [
        *places,
        declare("const int64_t", IMAGE, image),
        *_lines(geometry, x.address, kernel.address, meets, seen, last.length, taps=""),
        execute(products),
    ]
    clear = call("memset", kernel.address + tap * channels + START, 0, geometry.size(STOP - START))
    body = [
        declare("const int64_t", START, slice * width),
        declare("const int64_t", STOP, _lesser(START + width, operand(channels))),
        loop(tap, geometry.window, [execute(clear)]),
        loop(ROW, rows, row),
    ]
    slices = -(-channels // lanes)
    busy = _members(operand(slices), geometry.total * (geometry.window * channels))
    if busy is None:
        whole = [declare("const int64_t", width, channels), loop(slice, 1, body)]
        return [block(whole)]
    share = (operand(slices) + team - 1).grouped / team
    lines = [
        declare("const int64_t", team, busy),
        declare("const int64_t", width, share.grouped * lanes),
        loop(slice, (operand(channels) + width - 1).grouped / width, body, shared(team.cast("int"))),
    ]
    return [block(lines)]


def _ceiling(dividend: Expression, divisor: int) -> Expression:
    """Return a quotient, rounded up; the dividend is more than the negative divisor."""
    return dividend if divisor == 1 else (dividend + (divisor - 1)).grouped / divisor


def _lesser(first: Expression, second: Expression) -> Expression:
    return choice(infix("<", first, second), first, second)


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
