"""Convolutions of 3×3 windows, one or several deep, by Winograd's algorithm: 16 multiplications instead of 36."""

from __future__ import annotations

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import BOTTOM, TOP, fusible, product_members
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.kernels.registry import KernelCall, Unit, Written
from nnc.backends.c.kernels.sliding import START, STOP, Geometry
from nnc.backends.c.statements import Code, Directive, declare, execute, loop
from nnc.backends.c.text import SUFFIXES
from nnc.backends.c.thread_counts import shared
from nnc.ir import Dim

LEAST_CHANNELS = 16
"""Channels and filters from which on products are long enough."""
LARGEST_KERNEL = 1 << 16
"""Most terms of sums times filters: the kernel, which grows to 16 ninths of its size, is made anew in every run."""
LEAST_GAIN = 1.5
"""Times fewer multiplications from which on the additions around them pay."""
SLOTS = 4
"""Most threads that work on one convolution, each with room of its own."""
TILES = 16
"""Tiles that are multiplied together, at least."""
MOST_ROOM = 1 << 17
"""Elements, about, of the products of tiles and of what they are made of: half a MiB, which a core's cache holds."""
APART = 32
"""Elements between one matrix and the next; see ``nnc_apart``."""
_EVEN = 8
"""Rows of a tile in registers, of which the last one is computed in vain where tiles of the picture do not fill it."""
_WIDEST = 32
"""Filters of a strip of the transformed kernel, at most."""


def is_winograd(geometry: Geometry) -> bool:
    """Whether a convolution is computed so: in float32, for double is there to be exact."""
    if geometry.dtype != "float32" or len(geometry.axes) not in (2, 3) or geometry.groups != 1:
        return False
    if any((axis.stride, axis.dilation) != (1, 1) or not isinstance(axis.places, int) for axis in geometry.axes):
        return False
    if any(axis.size != 3 for axis in geometry.axes[-2:]):
        return False
    high, wide = (int(axis.places) for axis in geometry.axes[-2:])
    tiles = -(-high // 2) * -(-wide // 2)
    channels, filters = geometry.channels, geometry.filters
    is_long = min(channels, filters) >= LEAST_CHANNELS and _terms(geometry) * filters <= LARGEST_KERNEL
    return is_long and 9 * high * wide >= LEAST_GAIN * 16 * tiles > 0


def _planes(geometry: Geometry) -> int:
    """Return how many planes of 3×3 a window is deep."""
    return geometry.window // 9


def _terms(geometry: Geometry) -> int:
    """Return the terms of sums: channels of all planes of a window."""
    return geometry.channels * _planes(geometry)


def room(geometry: Geometry, prepacked: bool = False) -> int:
    """Return the elements of the workspace, in which the transformed kernel lies too if it is not there before."""
    return (0 if prepacked else transformed(geometry)) + SLOTS * _slot(geometry)


def transformed(geometry: Geometry) -> int:
    """Return the elements of the transformed kernel."""
    return 16 * (_terms(geometry) * -(-geometry.filters // _WIDEST) * _WIDEST + APART)


def _slot(geometry: Geometry) -> int:
    _, across = tile_rows(geometry)
    tiles = _rows(geometry) * across
    inputs, products = (16 * (tiles * length + APART) for length in (_terms(geometry), geometry.filters))
    return inputs + products + geometry.channels + 4 * geometry.filters


def tile_rows(geometry: Geometry) -> tuple[int, int]:
    """Return the rows of tiles of a plane, and the tiles in one."""
    high, wide = (-(-int(axis.places) // 2) for axis in geometry.axes[-2:])
    return high, wide


def _rows(geometry: Geometry) -> int:
    """Return the rows of tiles that are computed together: as few as fill registers best and fit a cache."""
    _, across = tile_rows(geometry)
    most = max(MOST_ROOM // 16 // (_terms(geometry) + geometry.filters), TILES)
    fitting = [rows for rows in range(1, most + 1) if TILES <= rows * across <= most]
    return min(fitting, key=lambda rows: -(-rows * across // _EVEN) / rows, default=-(-TILES // across))


def transform(unit: Unit, geometry: Geometry, kernel: Array, target: Expression) -> Expression:
    """Return the call that transforms a kernel."""
    suffix, sizes = SUFFIXES[geometry.dtype], (_planes(geometry), geometry.channels, geometry.filters)
    return unit.call(f"nnc_winograd_kernel_{suffix}", *sizes, kernel.address, target)


def winograd(call: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> Written:
    """Return the loops of a convolution and what is fused with it."""
    (space,) = call.workspace
    suffix, (down, across) = SUFFIXES[geometry.dtype], tile_rows(geometry)
    channels, filters, step = geometry.channels, geometry.filters, _rows(geometry)
    *deep, high, wide = geometry.axes
    planes: Dim = deep[0].places if deep else 1
    total, slot = operand(geometry.batch * planes * down), variable("slot")
    made: list[Code] = []
    if call.prepacked is None:
        made.append(execute(transform(call.unit, geometry, kernel, space.address)))
    own = space.address + (transformed(geometry) if made else 0) + slot * _slot(geometry)
    rows = call.unit.call(
        f"nnc_winograd_rows_{suffix}",
        *(START, STOP, down, across, _planes(geometry)),
        *(deep[0].length if deep else 1, high.length, wide.length, channels),
        *(planes, high.places, wide.places, filters),
        *(deep[0].before if deep else 0, high.before, wide.before),
        *(x.address, kernel.address, call.prepacked or space.address, own, y.address),
    )

    def place(row: Expression) -> Expression:
        return (row / down * high.places + row % down * 2) * wide.places

    behind: list[Code] = []
    fusion = fusible(call.epilogue, in_registers=False)
    if fusion.rows is not None:
        behind += [declare("const int64_t", name, place(row)) for name, row in ((TOP, START), (BOTTOM, STOP))]
        behind += fusion.rows.block(TOP, BOTTOM, 0, filters)
    stop = choice(infix("<", START + step, total), START + step, total)
    tiles = loop(
        START,
        total,
        [declare("const int64_t", STOP, stop), execute(rows), *behind],
        start=slot * step,
        step=SLOTS * step,
    )
    count = product_members(SLOTS, geometry.total, geometry.patch, filters)
    directive = None if count is None else shared(count, Directive(is_in_turn=True))
    return fusion.written([*made, loop(slot, SLOTS, [tiles], directive)])
