"""Convolutions in which each filter sees one channel: sums of products in place, a row of places at a time."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.sliding import Axis, Geometry
from nnc.backends.c.nests import indented, loop_head
from nnc.backends.c.text import dim_text
from nnc.ops.convolution import Convolution, ConvolutionInputGradient, Sliding


def depthwise(op: Sliding, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[str]:
    """Return the loops of any of the three ops."""
    return plain(op, geometry, x, kernel, y)


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
