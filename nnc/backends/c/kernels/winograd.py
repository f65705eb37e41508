"""Convolutions of 3×3 windows by Winograd's algorithm: 16 multiplications for 4 places instead of 36."""

from __future__ import annotations

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import product_members
from nnc.backends.c.kernels.registry import Call, Unit
from nnc.backends.c.kernels.sliding import Geometry
from nnc.backends.c.nests import indented
from nnc.backends.c.sharing import parallel_for
from nnc.backends.c.text import SUFFIXES, dim_text
from nnc.ir import Dim

LEAST_CHANNELS = 16
"""Channels and filters from which on products are long enough."""
LARGEST_KERNEL = 1 << 16
"""Most channels times filters: the kernel, which grows to 16 ninths of its size, is made anew in every run."""
LEAST_GAIN = 1.5
"""Times fewer multiplications from which on the additions around them pay."""
SLOTS = 4
"""Most threads that work on one convolution, each with room of its own."""
TILES = 16
"""Tiles that are multiplied together, at least."""
MOST_ROOM = 1 << 17
"""Elements, about, of the products of tiles and of what they are made of: half a MiB, which a core's cache holds."""
_EVEN = 8
"""Rows of a tile in registers, of which the last one is computed in vain where tiles of the picture do not fill it."""
_WIDEST = 32
"""Filters of a strip of the transformed kernel, at most."""


def is_winograd(geometry: Geometry) -> bool:
    """Whether a convolution is computed so: in float32, for double is there to be exact."""
    if geometry.dtype != "float32" or len(geometry.axes) != 2 or geometry.groups != 1:
        return False
    if any((axis.size, axis.stride, axis.dilation) != (3, 1, 1) for axis in geometry.axes):
        return False
    high, wide = (axis.places for axis in geometry.axes)
    channels, filters = geometry.channels, geometry.filters
    if not isinstance(high, int) or not isinstance(wide, int) or high * wide == 0:
        return False
    tiles = -(-high // 2) * -(-wide // 2)
    is_long = min(channels, filters) >= LEAST_CHANNELS and channels * filters <= LARGEST_KERNEL
    return is_long and 9 * high * wide >= LEAST_GAIN * 16 * tiles


def room(geometry: Geometry, prepacked: bool = False) -> int:
    """Return the elements of the workspace, in which the transformed kernel lies too if it is not there before."""
    return (0 if prepacked else transformed(geometry)) + SLOTS * _slot(geometry)


def transformed(geometry: Geometry) -> int:
    """Return the elements of the transformed kernel."""
    return 16 * geometry.channels * -(-geometry.filters // _WIDEST) * _WIDEST


def _slot(geometry: Geometry) -> int:
    _, across = _tiles(geometry)
    tiles = _rows(geometry) * across
    return (16 * tiles + 1) * geometry.channels + (16 * tiles + 4) * geometry.filters


def _tiles(geometry: Geometry) -> tuple[int, int]:
    """Return the rows of tiles of an image, and the tiles in one."""
    high, wide = (-(-int(axis.places) // 2) for axis in geometry.axes)
    return high, wide


def _rows(geometry: Geometry) -> int:
    """Return the rows of tiles that are computed together: as few as fill registers best and fit a cache."""
    _, across = _tiles(geometry)
    most = max(MOST_ROOM // 16 // (geometry.channels + geometry.filters), TILES)
    fitting = [rows for rows in range(1, most + 1) if TILES <= rows * across <= most]
    return min(fitting, key=lambda rows: -(-rows * across // _EVEN) / rows, default=-(-TILES // across))


def transform(unit: Unit, geometry: Geometry, kernel: Array, target: str) -> str:
    """Return the call that transforms a kernel."""
    suffix, sizes = SUFFIXES[geometry.dtype], (geometry.channels, geometry.filters)
    return unit.call(f"nnc_winograd_kernel_{suffix}", *sizes, kernel.address, target)


def winograd(call: Call, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[str]:
    """Return the loops of a convolution and its epilogue."""
    (space,) = call.workspace
    suffix, (down, across) = SUFFIXES[geometry.dtype], _tiles(geometry)
    channels, filters, step = geometry.channels, geometry.filters, _rows(geometry)
    high, wide = geometry.axes
    total: Dim = geometry.batch * down
    made = [] if call.prepacked else [f"{transform(call.unit, geometry, kernel, space.address)};"]
    own = f"{space.address} + {transformed(geometry) if made else 0} + slot * {_slot(geometry)}"
    sizes = [*(high.length, wide.length, channels), *(high.places, wide.places, filters), high.before, wide.before]
    rows = call.unit.call(
        f"nnc_winograd_rows_{suffix}",
        *(
            "start",
            "stop",
            down,
            across,
            *map(dim_text, sizes),
            x.address,
            kernel.address,
            call.prepacked or space.address,
            own,
            y.address,
        ),
    )
    count = product_members(SLOTS, geometry.total, geometry.patch, filters)
    inside = call.epilogue is not None and call.epilogue.has_rows
    places = [
        f"const int64_t {name} = ({row} / {down} * {dim_text(high.places)} + {row} % {dim_text(down)} * 2)"
        f" * {dim_text(wide.places)};"
        for name, row in (("top", "start"), ("bottom", "stop"))
    ]
    behind = call.epilogue.block("top", "bottom", "0", str(filters)) if call.epilogue and inside else []
    loop = [
        *made,
        *(f"{line} schedule(static, 1)" for line in parallel_for(count)),
        f"for (int64_t slot = 0; slot < {SLOTS}; slot++) {{",
        f"    for (int64_t start = slot * {step}; start < {dim_text(total)}; start += {SLOTS * step}) {{",
        f"        const int64_t stop = start + {step} < {dim_text(total)} ? start + {step} : {dim_text(total)};",
        f"        {rows};",
        *(indented(indented([*places, *behind])) if behind else ()),
        "    }",
        "}",
    ]
    return loop if inside or call.epilogue is None else [*loop, *call.epilogue.everywhere()]
