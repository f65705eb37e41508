"""Convolutions without patches: products read the input where it lies, or a copy of it with zeros around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, LEFT, RIGHT, TOP, Fusion, fusible, over_blocks, part, product_members
from nnc.backends.c.bounded_bias import bias_arguments
from nnc.backends.c.expressions import Expression, Operand, call, chain, choice, infix, operand, size_of, variable
from nnc.backends.c.kernels import few_filters
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import KernelCall, Unit, Written
from nnc.backends.c.kernels.sliding import GROUP, IMAGE, PLACE, ROW, START, STOP, Axis, Geometry, any_of, taken_apart
from nnc.backends.c.linkage import FALSE
from nnc.backends.c.statements import (
    Code,
    advance,
    array,
    assign,
    block,
    declare,
    declare_all,
    execute,
    loop,
    pointer,
    when,
)
from nnc.backends.c.text import SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_SIZE, known_work, members, shared
from nnc.ir import Dim

BAND = 256
"""Places that are added to the gradient of a kernel before the next ones."""
_PIECE, _PIECES = variable("piece"), 16
"""The number of a piece of a long row, and how many threads may share."""


def padded(geometry: Geometry) -> Geometry | None:
    """Return the geometry on the input with zeros around it; None where windows do not reach out."""
    return with_room(geometry) if any(axis.checked for axis in geometry.axes) else None


def with_room(geometry: Geometry) -> Geometry:
    """Return the geometry on an input that has all that windows see."""
    axes = [replace(axis, length=_seen(axis), before=0, checked=False) for axis in geometry.axes]
    return replace(geometry, axes=tuple(axes))


def _seen(axis: Axis) -> Dim:
    """Return how many elements all windows see together."""
    return (axis.places - 1) * axis.stride + (axis.size - 1) * axis.dilation + 1


def padded_size(geometry: Geometry) -> Dim:
    """Return the number of elements of a padded input."""
    size = geometry.batch * geometry.channels
    for axis in geometry.axes:
        size = size * axis.length
    return size


def direct(step: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> Written:
    """Return the loops of a convolution and what is fused with it."""
    geometry, begin, lines = with_zeros(step, geometry, x)
    elements = distances(geometry)
    run, runs = _window(geometry, elements)
    starts, places = variable("runs"), variable("places")
    lines.append(array("const int64_t", starts, values=runs))
    filters = geometry.filters // geometry.groups
    group: tuple[tuple[Expression, Dim], ...] = ((GROUP, filters),) if geometry.groups > 1 else ()
    fusion = Fusion() if group else fusible(step.epilogue)
    sizes = geometry.total, geometry.patch, filters
    suffix, count = SUFFIXES[geometry.dtype], product_members(geometry.total * filters, *sizes)
    most = operand(32) * variable("NNC_TILE_ROWS")
    placed = _places(geometry, elements, TOP, BOTTOM, most)
    if few_filters.has_few_filters(geometry):
        weights = step.workspace[-1].address
        lines.append(execute(few_filters.turned_kernel(step.unit, geometry, kernel.address, weights)))
        given = BOTTOM - TOP, run, len(runs), starts, begin, places, weights, part(y.address, (TOP, filters))
        few = execute(few_filters.results(step.unit, geometry, given, fusion.bias))
        blocks = over_blocks(step.unit, suffix, *sizes, count, [*placed, few], fusion.rows, FALSE)
        return fusion.written([block([*lines, *blocks])])
    packed = variable("NULL") if step.prepacked is None else part(step.prepacked, (LEFT, geometry.patch))
    arguments: list[Operand] = [
        *(BOTTOM - TOP, run, len(runs), starts, RIGHT - LEFT),
        *(part(begin, (GROUP, geometry.depth)) if group else begin, places),
        *(part(kernel.address, *group, (LEFT, 1)), geometry.filters),
        packed,
        *(part(y.address, (TOP, geometry.filters), *group, (LEFT, 1)), geometry.filters),
        *bias_arguments(fusion.bias, LEFT),
    ]
    body = [*placed, execute(step.unit.call(f"nnc_window_block_{suffix}", *arguments))]
    blocks = over_blocks(step.unit, suffix, *sizes, count, body, fusion.rows, FALSE)
    return fusion.written([block([*lines, *([loop(GROUP, geometry.groups, blocks)] if group else blocks)])])


def direct_gradient(step: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return the loops of a kernel's gradient: sums over places, of which threads have those of some elements each."""
    geometry, begin, lines = with_zeros(step, geometry, x)
    elements, filters = distances(geometry), geometry.filters // geometry.groups
    run, runs = _window(geometry, elements)
    starts, places, team, member, tiles, first, last, end = map(
        variable, ("runs", "places", "team", "member", "tiles", "first", "last", "end")
    )
    group: tuple[tuple[Expression, Dim], ...] = ((GROUP, filters),) if geometry.groups > 1 else ()
    height, total, suffix = variable("NNC_TILE_ROWS"), operand(geometry.total), SUFFIXES[geometry.dtype]
    given: list[Operand] = [STOP - START, places, first, last - first, run, starts]
    is_added = infix(">", START, 0)
    if few_filters.has_few_filters(geometry):
        height = operand(few_filters.LANES[geometry.dtype])
        given += [begin, part(y.address, (START, filters)), part(kernel.address, (first, filters)), is_added]
        added = few_filters.kernel_gradients(step.unit, geometry, given)
    else:
        added = step.unit.call(
            f"nnc_window_gradient_{suffix}",
            *given,
            *(part(begin, (GROUP, geometry.depth)) if group else begin, filters),
            *(part(y.address, (START, geometry.filters), *group), geometry.filters),
            *(part(kernel.address, (first, geometry.filters), *group), geometry.filters),
            is_added,
        )
    band = [
        declare("const int64_t", STOP, choice(infix("<", START + BAND, total), START + BAND, total)),
        *_places(geometry, elements, START, STOP, operand(BAND)),
        execute(added),
    ]
    count = product_members(geometry.patch, geometry.patch, geometry.total, filters)
    rows = [
        declare("const int64_t", first, tiles * member / team * height),
        declare("const int64_t", end, tiles * (member + 1).grouped / team * height),
        declare("const int64_t", last, choice(infix("<", end, geometry.patch), end, geometry.patch)),
        loop(START, total, band, step=BAND),
    ]
    found: list[Code] = [
        declare("const int64_t", tiles, (height + (geometry.patch - 1)).grouped / height),
        declare("const int", team, 1 if count is None else call("nnc_busy", tiles, count)),
        loop(member, team, rows, None if count is None else shared(team)),
    ]
    if group:
        found = [loop(GROUP, geometry.groups, found)]
    lines = [*lines, array("const int64_t", starts, values=runs), *found]
    if isinstance(geometry.total, int):
        return [block(lines)]
    return [when(infix(">", total, 0), lines, fill_lines(kernel, 0))]


def with_zeros(step: KernelCall, geometry: Geometry, x: Array) -> tuple[Geometry, Expression, list[Code]]:
    """Return the geometry on an input with zeros around it, where that lies, and what makes it, if any are needed."""
    around = padded(geometry)
    if around is None:
        return geometry, x.address, []
    given = geometry, around, x.address, step.workspace[0].address
    made = _pad_in_pieces(step.unit, *given) if _is_one_long_row(around) else _pad(*given)
    return around, step.workspace[0].address, [made]


def _window(geometry: Geometry, elements: Sequence[Dim]) -> tuple[int, list[Dim]]:
    """Return the elements that lie side by side in a window, and where each run of so many begins."""
    return geometry.run, _runs(geometry, elements[:-1] if geometry.has_long_runs else elements)


def distances(geometry: Geometry) -> list[Dim]:
    """Return the number of elements from one to the next along each axis."""
    steps: list[Dim] = [geometry.channels]
    for axis in reversed(geometry.axes[1:]):
        steps.insert(0, steps[0] * axis.length)
    return steps


def _runs(geometry: Geometry, elements: Sequence[Dim]) -> list[Dim]:
    """Return where each run of a window begins, from the window's first element."""
    found: list[Dim] = [0]
    for axis, step in zip(geometry.axes, elements, strict=False):
        found = [start + index * axis.dilation * step for start in found for index in range(axis.size)]
    return found


def _places(
    geometry: Geometry, elements: Sequence[Dim], start: Expression, stop: Expression, most: Expression
) -> list[Code]:
    """Return the statements that say where each of some places, at most so many, sees its first element."""
    terms = [IMAGE * (geometry.axes[0].length * elements[0])]
    terms += [axis.place * (axis.stride * step) for axis, step in zip(geometry.axes, elements, strict=True)]
    ahead: list[Code] = [advance(IMAGE)]
    for axis in geometry.axes:
        ahead = [when(infix("==", axis.place.incremented, axis.places), [assign(axis.place, 0), *ahead])]
    lines, rest = taken_apart(start, [(axis.place, axis.places) for axis in geometry.axes], "int64_t")
    places = variable("places")
    return [
        array("int64_t", places, most),
        *lines,
        declare("int64_t", IMAGE, rest),
        loop(PLACE, stop - start, [assign(places[PLACE], chain("+", terms)), *ahead]),
    ]


def _bounded(before: Dim, width: Dim) -> tuple[Expression, list[Code]]:
    """Return how many zeros stand before a row, no more than windows see, and the statement that says it."""
    if isinstance(before, int) and isinstance(width, int):
        return operand(min(before, width)), []
    one, other, name = operand(before).grouped, operand(width).grouped, variable("before")
    return name, [declare("const int64_t", name, choice(infix("<", one, other), one, other))]


def _is_one_long_row(around: Geometry) -> bool:
    """Whether an image is one row, and that is enough for several threads."""
    return len(around.axes) == 1 and known_work(padded_size(around)) >= PARALLEL_SIZE


def _pad_in_pieces(unit: Unit, geometry: Geometry, around: Geometry, x: Expression, space: Expression) -> Code:
    """Return the loop that copies an input of rows into zeros, which threads share piece by piece."""
    (last,), (wide,) = geometry.axes, around.axes
    channels, length, width = geometry.channels, operand(last.length), operand(wide.length)
    before, bounded = _bounded(last.before, wide.length)
    count = variable("count")
    piece, rest = taken_apart(ROW, [(_PIECE, _PIECES)])
    row, seen = START.cast("char *"), (x + IMAGE * length * channels).cast("const char *")
    sizes = [geometry.size(number * channels) for number in (before, count, width)]
    body = [
        *piece,
        declare("const int64_t", IMAGE, rest),
        *bounded,
        declare("const int64_t", count, choice(infix("<", length, width - before), length, width - before)),
        pointer(geometry.type, START, space + IMAGE * width * channels),
        execute(unit.call("nnc_padded_piece", row, seen, *sizes, _PIECE, _PIECES)),
    ]
    count_of_pieces = geometry.batch * _PIECES
    return loop(ROW, count_of_pieces, body, shared(members(count_of_pieces, padded_size(around), PARALLEL_SIZE)))


def _pad(geometry: Geometry, around: Geometry, x: Expression, space: Expression) -> Code:
    """Return the loops that copy the input into zeros; rows of the last axis at once."""
    *outer, last = geometry.axes
    *wide, _ = around.axes
    rows: Dim = geometry.batch
    for axis in wide:
        rows = rows * axis.length
    places, rest = taken_apart(ROW, [(axis.place, axis.length) for axis in wide])
    seen = [declare("const int64_t", axis.seen, axis.place - axis.before) for axis in outer]
    line = IMAGE
    for axis in outer:
        line = line * axis.length + axis.seen
    width, channels, length = around.axes[-1].length, geometry.channels, operand(last.length)
    before, bounded = _bounded(last.before, width)
    room, count = variable("room"), variable("count")

    def bytes_of(elements: Operand) -> Expression:
        return operand(elements).cast("size_t") * channels * size_of(geometry.type)

    copied = [
        *bounded,
        declare_all(
            "const int64_t", (room, operand(width) - before), (count, choice(infix("<", length, room), length, room))
        ),
        execute(call("memset", START, 0, bytes_of(before.grouped))),
        execute(call("memcpy", START + before * channels, x + line.grouped * length * channels, bytes_of(count))),
        execute(call("memset", START + (before + count) * channels, 0, bytes_of(room - count))),
    ]
    outside = any_of([axis.outside for axis in outer if axis.checked])
    if outside is not None:
        clear = execute(call("memset", START, 0, bytes_of(width)))
        copied = [when(outside, [clear], copied)]
    body = [
        *places,
        declare("const int64_t", IMAGE, rest),
        *seen,
        pointer(geometry.type, START, space + ROW * width * channels),
        *copied,
    ]
    return loop(ROW, rows, body, shared(members(rows, padded_size(around), PARALLEL_SIZE)))
