"""Convolutions without patches: products read the input where it lies, or a copy of it with zeros around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, LEFT, RIGHT, TOP, over_blocks, part, product_members
from nnc.backends.c.kernels.registry import Call
from nnc.backends.c.kernels.sliding import Axis, Geometry
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.sharing import PARALLEL_SIZE, members, parallel_for
from nnc.backends.c.text import SUFFIXES, dim_text
from nnc.ir import Dim


def padded(geometry: Geometry) -> Geometry | None:
    """Return the geometry on the input with zeros around it; None where windows do not reach out."""
    if not any(axis.checked for axis in geometry.axes):
        return None
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


def direct(call: Call, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[str]:
    """Return the loops of a convolution and its epilogue."""
    pointer, around = x.address, padded(geometry)
    lines: list[str] = []
    if around is not None:
        (space,) = call.workspace
        lines += _pad(geometry, around, pointer, space.address)
        geometry, pointer = around, space.address
    elements = _elements(geometry)
    is_wide = geometry.groups == 1 and geometry.axes[-1].dilation == 1
    run = geometry.depth * (geometry.axes[-1].size if is_wide else 1)
    runs = _runs(geometry, elements[:-1] if is_wide else elements)
    lines.append(f"const int64_t runs[] = {{{', '.join(map(dim_text, runs))}}};")
    filters = geometry.filters // geometry.groups
    group: tuple[tuple[str, Dim], ...] = (("group", filters),) if geometry.groups > 1 else ()
    arguments = [
        *(f"{BOTTOM} - {TOP}", run, len(runs), "runs", f"{RIGHT} - {LEFT}"),
        *(part(pointer, ("group", geometry.depth)) if group else pointer, "places"),
        *(part(kernel.address, *group, (LEFT, 1)), geometry.filters),
        part(call.prepacked, (LEFT, geometry.patch)) if call.prepacked else "NULL",
        *(part(y.address, (TOP, geometry.filters), *group, (LEFT, 1)), geometry.filters),
    ]
    sizes = geometry.total, geometry.patch, filters
    suffix, count = SUFFIXES[geometry.dtype], product_members(geometry.total * filters, *sizes)
    block = [*_places(geometry, elements), f"{call.unit.call(f'nnc_window_block_{suffix}', *arguments)};"]
    epilogue = None if group else call.epilogue
    blocks = over_blocks(call.unit, suffix, *sizes, count, block, epilogue, alone="false")
    if group:
        blocks = [f"{loop_head('group', geometry.groups)} {{", *indented(blocks), "}"]
        blocks += call.epilogue.everywhere() if call.epilogue else []
    return ["{", *indented([*lines, *blocks]), "}"]


def _elements(geometry: Geometry) -> list[Dim]:
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


def _places(geometry: Geometry, elements: Sequence[Dim]) -> list[str]:
    """Return the statements that say where each place of a block sees its first element."""
    image = geometry.axes[0].length * elements[0]
    terms = [f"image * {dim_text(image)}"]
    terms += [
        f"p{axis.letter} * {dim_text(axis.stride * step)}" for axis, step in zip(geometry.axes, elements, strict=True)
    ]
    ahead: list[str] = ["image++;"]
    for axis in geometry.axes:
        name = f"p{axis.letter}"
        ahead = [f"if (++{name} == {dim_text(axis.places)}) {{", f"    {name} = 0;", *indented(ahead), "}"]
    lines, rest = [], TOP
    for axis in reversed(geometry.axes):
        lines.append(f"int64_t p{axis.letter} = {rest} % {dim_text(axis.places)};")
        rest = f"{rest} / {dim_text(axis.places)}"
    return [
        "int64_t places[32 * NNC_TILE_ROWS];",
        *lines,
        f"int64_t image = {rest};",
        f"for (int64_t place = 0; place < {BOTTOM} - {TOP}; place++) {{",
        f"    places[place] = {' + '.join(terms)};",
        *indented(ahead),
        "}",
    ]


def _bounded(before: Dim, width: Dim) -> tuple[str, list[str]]:
    """Return how many zeros stand before a row, no more than windows see, and the statement that says it."""
    if isinstance(before, int) and isinstance(width, int):
        return str(min(before, width)), []
    text = f"({dim_text(before)})", f"({dim_text(width)})"
    return "before", [f"const int64_t before = {text[0]} < {text[1]} ? {text[0]} : {text[1]};"]


def _pad(geometry: Geometry, around: Geometry, x: str, space: str) -> list[str]:
    """Return the loops that copy the input into zeros; rows of the last axis at once."""
    *outer, last = geometry.axes
    *wide, _ = around.axes
    rows: Dim = geometry.batch
    places, rest, line = [], "row", "image"
    for axis in wide:
        rows = rows * axis.length
    for axis in reversed(wide):
        places.append(f"const int64_t p{axis.letter} = {rest} % {dim_text(axis.length)};")
        rest = f"{rest} / {dim_text(axis.length)}"
    for axis in outer:
        places.append(f"const int64_t x{axis.letter} = p{axis.letter} - {dim_text(axis.before)};")
        line = (
            f"({line}) * {dim_text(axis.length)} + x{axis.letter}"
            if line != "image"
            else (f"image * {dim_text(axis.length)} + x{axis.letter}")
        )
    width, channels, kind = around.axes[-1].length, geometry.channels, geometry.type
    length = dim_text(last.length)
    before, bounded = _bounded(last.before, width)
    outside = " || ".join(axis.outside for axis in outer if axis.checked)
    copy = [
        *bounded,
        f"const int64_t room = {dim_text(width)} - {before}, count = {length} < room ? {length} : room;",
        f"memset(start, 0, (size_t)({before}) * {channels} * sizeof({kind}));",
        f"memcpy(start + {before} * {channels}, {x} + ({line}) * {length} * {channels},",
        f"       (size_t)count * {channels} * sizeof({kind}));",
        f"memset(start + ({before} + count) * {channels}, 0, (size_t)(room - count) * {channels} * sizeof({kind}));",
    ]
    if outside:
        clear = f"memset(start, 0, (size_t){dim_text(width)} * {channels} * sizeof({kind}));"
        copy = [f"if ({outside}) {{", f"    {clear}", "} else {", *indented(copy), "}"]
    return [
        *parallel_for(members(rows, padded_size(around), PARALLEL_SIZE)),
        f"{loop_head('row', rows)} {{",
        *indented([*places[: len(wide)], f"const int64_t image = {rest};", *places[len(wide) :]]),
        f"    {kind} *const start = {space} + row * {dim_text(width)} * {channels};",
        *indented(copy),
        "}",
    ]
