"""Gradients of the input of convolutions whose windows leave elements out: a convolution for each phase of the strides.

An element of the input meets those of the window that have its remainder, divided by the stride. So the elements with
one remainder along each axis, a phase of the input, are a convolution of the gradient behind it with some elements of
the window, turned. See R. Crochiere and L. Rabiner, "Multirate Digital Signal Processing", 1983, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import LEFT, RIGHT, fusible, part, product_members
from nnc.backends.c.bounded_bias import bias_arguments
from nnc.backends.c.expressions import Expression, call, chain, choice, infix, operand, variable
from nnc.backends.c.kernels.direct import distances, with_zeros
from nnc.backends.c.kernels.registry import KernelCall, Unit, Written
from nnc.backends.c.kernels.sliding import IMAGE, PLACE, ROW, START, STOP, Axis, Geometry, taken_apart
from nnc.backends.c.statements import Code, array, assign, block, declare, execute, loop, pointer, when
from nnc.backends.c.strips import strips_of
from nnc.backends.c.text import SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_SIZE, members, shared
from nnc.ir import Dim

_PIECE = 48
"""Places of a line that are computed together, a multiple of the rows of any tile."""
_STRIPS = 1 << 16
"""Elements, about, of the strips that all lines of a phase read before the next ones: a quarter of a MiB."""
_MOST_PHASES, _LARGEST_WINDOW = 64, 1024
"""What tables in C are made for."""


@dataclass(frozen=True)
class Phase:
    """A phase along one axis: element q · stride + remainder of the input, for each q.

    Args:
        element: of the window, the first of those that it meets.
        taps: how many it meets.
        first: element of the gradient, counted from q on, that the last one of them meets; it may lie in front.
        more: elements that the phase has more than the gradient has; negative where it has fewer.
    """

    element: int
    taps: int
    first: int
    more: int

    @property
    def end(self) -> int:
        """Elements behind the gradient that the phase sees."""
        return self.first + self.taps - 1 + self.more


def is_polyphase(geometry: Geometry) -> bool:
    """Whether the gradient of a convolution's input is computed so."""
    axes = geometry.axes
    if geometry.groups > 1 or not strips_of(geometry.dtype, 1, 1) or all(axis.stride == 1 for axis in axes):
        return False
    if any(axis.dilation > 1 or axis.size < axis.stride for axis in axes) or geometry.window > _LARGEST_WINDOW:
        return False
    if prod(axis.stride for axis in axes) > _MOST_PHASES:
        return False
    return all(
        isinstance(axis.before, int)
        and 0 <= axis.before < axis.size
        and isinstance(axis.length - axis.stride * axis.places, int)
        for axis in axes
    )


def _phases(axis: Axis) -> list[Phase]:
    """Return the phases of an axis, by remainder."""
    found = []
    for remainder in range(axis.stride):
        ahead, element = divmod(remainder + int(axis.before), axis.stride)
        taps = -((element - axis.size) // axis.stride)
        more = -((remainder - int(axis.length - axis.stride * axis.places)) // axis.stride)
        found.append(Phase(element, taps, ahead - taps + 1, more))
    return found


def strips_size(geometry: Geometry) -> int:
    """Return the elements of the strips that all phases make of a kernel."""
    return int(strips_of(geometry.dtype, geometry.window * geometry.filters, geometry.channels))


def seen(geometry: Geometry) -> Geometry:
    """Return the geometry of the gradient that phases see: windows of one element, zeros included."""
    axes = []
    for axis in geometry.axes:
        phases = _phases(axis)
        before, after = (max(0, *found) for found in ([-p.first for p in phases], [p.end for p in phases]))
        wide = axis.places + before + after
        axes.append(Axis(axis.letter, axis.places, wide, 1, 1, 1, before, before > 0 or after > 0))
    return replace(geometry, axes=tuple(axes), channels=geometry.filters, filters=geometry.channels)


def pack(unit: Unit, geometry: Geometry, kernel: Expression, target: Expression) -> list[Code]:
    """Return the loop that makes the strips of all phases: rows are elements of the window, turned, and filters."""
    inner, base, above = [0] * geometry.window, [0] * geometry.window, [0] * geometry.window
    rows, tap = 0, variable("tap")
    for phases in product(*map(_phases, geometry.axes)):
        taps = prod(phase.taps for phase in phases)
        for number, steps in enumerate(product(*(range(phase.taps - 1, -1, -1) for phase in phases))):
            element = 0
            for axis, phase, step in zip(geometry.axes, phases, steps, strict=True):
                element = element * axis.size + phase.element + step * axis.stride
            inner[element] = taps * geometry.filters
            base[element] = int(strips_of(geometry.dtype, rows, geometry.channels))
            above[element] = number * geometry.filters
        rows += taps * geometry.filters
    tables = [variable(name) for name in ("terms", "bases", "above")]
    size = geometry.channels * geometry.filters
    packed = unit.call(
        f"nnc_pack_tap_{SUFFIXES[geometry.dtype]}",
        *(geometry.filters, geometry.channels, kernel + tap * size),
        *(tables[0][tap], tables[2][tap], target + tables[1][tap]),
    )
    count = members(geometry.window, geometry.window * size, PARALLEL_SIZE)
    declared = [
        array("static const int64_t", name, values=values)
        for name, values in zip(tables, (inner, base, above), strict=True)
    ]
    return [block([*declared, loop(tap, geometry.window, [execute(packed)], shared(count))])]


def polyphase(step: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> Written:
    """Return the loops that compute the gradient of the input, and a bias with it.

    Each thread has some lines of all phases, since phases take unequal times, and goes through those of one phase after
    the other, whose strips stay in its cache.
    """
    zeros, begin, lines = with_zeros(step, seen(geometry), y)
    strips = step.prepacked
    if strips is None:
        strips = step.workspace[-1].address
        lines += pack(step.unit, geometry, kernel.address, strips)
    distance = distances(zeros)
    tables, declared = _tables(geometry, distance)
    fusion = replace(fusible(step.epilogue), rows=None)  # a line of a phase is no block of rows
    *outer, last = geometry.axes
    *high, wide = (axis.places + max(phase.more for phase in _phases(axis)) for axis in geometry.axes)
    pieces = (wide + _PIECE - 1) // _PIECE
    rows = geometry.batch * prod(high) * pieces
    phase, piece, places, origin, end = map(variable, ("phase", "piece", "places", "origin", "end"))
    remainders = [variable(f"r{axis.letter}") for axis in geometry.axes]

    numbers, image = taken_apart(
        ROW, [*((axis.place, most) for axis, most in zip(outer, high, strict=True)), (piece, pieces)]
    )
    line = IMAGE
    for axis in outer:
        line = line * axis.length + axis.seen
    target = (line * last.length + (START * last.stride + remainders[-1])).grouped * geometry.channels
    terms = [IMAGE * (zeros.axes[0].length * distance[0])]
    terms += [axis.place * length for axis, length in zip(outer, distance, strict=False)]
    computed = step.unit.call(
        f"nnc_window_block_{SUFFIXES[geometry.dtype]}",
        *(STOP - START, tables["lengths"][phase], tables["counted"][phase], tables["runs"] + tables["begins"][phase]),
        *(RIGHT - LEFT, origin, places, strips, 0),
        strips + tables["bases"][phase] + LEFT * tables["terms"][phase],
        *(part(x.address + target, (LEFT, 1)), last.stride * geometry.channels),
        *bias_arguments(fusion.bias, LEFT),
    )
    inside = [
        pointer(f"const {geometry.type}", origin, chain("+", [begin, *terms, START * geometry.filters])),
        array("int64_t", places, _PIECE),
        loop(PLACE, STOP - START, [assign(places[PLACE], PLACE * geometry.filters)]),
        execute(computed),
    ]
    there = [infix("<", axis.seen, axis.length) for axis in outer]
    each = [
        *numbers,
        declare("const int64_t", IMAGE, image),
        *(
            declare("const int64_t", axis.seen, axis.place * axis.stride + remainder)
            for axis, remainder in zip(outer, remainders, strict=False)
        ),
        declare("const int64_t", START, piece * _PIECE),
        declare("const int64_t", STOP, _smaller(START + _PIECE, end)),
        when(chain("&&", [*there, infix("<", START, STOP)]), inside),
    ]
    return fusion.written([block([*lines, *declared, *_shared_rows(geometry, rows, remainders, each)])])


def _shared_rows(geometry: Geometry, rows: Dim, remainders: Sequence[Expression], each: Sequence[Code]) -> list[Code]:
    """Return the loop over threads, each of which has some rows, over some columns at a time, phases, and the rows.

    Args:
        geometry: of the op.
        rows: pieces of lines of all images.
        remainders: variables for the remainders of a phase.
        each: what is done for a row.
    """
    phase, team, member, end = map(variable, ("phase", "team", "member", "end"))
    last, width = geometry.axes[-1], _width(geometry)
    phases = prod(axis.stride for axis in geometry.axes)
    apart, _ = taken_apart(phase, [(name, axis.stride) for name, axis in zip(remainders, geometry.axes, strict=True)])
    count = (operand(last.length) - remainders[-1] + (last.stride - 1)).grouped / last.stride
    all_rows = operand(rows)
    some = loop(ROW, all_rows * (member + 1).grouped / team, each, start=all_rows * member / team)
    columns = [
        declare("const int64_t", RIGHT, _smaller(LEFT + width, operand(geometry.channels))),
        loop(phase, phases, [*apart, declare("const int64_t", end, count), some]),
    ]
    most = product_members(rows, geometry.total, geometry.patch, geometry.filters)
    return [
        declare("const int", team, 1 if most is None else call("nnc_busy", rows, most)),
        loop(
            member,
            team,
            [loop(LEFT, geometry.channels, columns, step=width)],
            None if most is None else shared(team),
        ),
    ]


def _smaller(first: Expression, second: Expression) -> Expression:
    return choice(infix("<", first, second), first, second)


def _width(geometry: Geometry) -> int:
    """Return the columns whose strips, of the phase that has most, are read together: whole strips."""
    strip = int(strips_of(geometry.dtype, 1, 1))
    most = prod(max(phase.taps for phase in _phases(axis)) for axis in geometry.axes) * geometry.filters
    return max(_STRIPS // (most * strip), 1) * strip


def _tables(geometry: Geometry, distance: Sequence[Dim]) -> tuple[dict[str, Expression], list[Code]]:
    """Return what is known of each phase, by name, and the statements that declare it.

    That is the elements that lie side by side where the gradient is read, how many such runs there are, the number of
    the first of these, where each begins, the terms of sums, and where the phase's strips begin.
    """
    found: dict[str, list[Dim]] = {name: [] for name in ("lengths", "counted", "begins", "runs", "terms", "bases")}
    around, rows = seen(geometry), 0
    for phases in product(*map(_phases, geometry.axes)):
        *outer, last = phases
        taps = prod(phase.taps for phase in phases)
        begin: Dim = 0
        for axis, phase, step in zip(around.axes, phases, distance, strict=True):
            begin = begin + (axis.before + phase.first) * step
        runs: list[Dim] = [begin]
        for phase, step in zip(outer, distance, strict=False):
            runs = [start + tap * step for start in runs for tap in range(phase.taps)]
        found["lengths"].append(last.taps * geometry.filters)
        found["counted"].append(len(runs))
        found["begins"].append(len(found["runs"]))
        found["runs"] += runs
        found["terms"].append(taps * geometry.filters)
        found["bases"].append(strips_of(geometry.dtype, rows, geometry.channels))
        rows += taps * geometry.filters
    names = {name: variable(name) for name in found}
    return names, [array("const int64_t", names[name], values=values) for name, values in found.items()]
