"""Gradients of the kernels of 3×3 windows by Winograd's algorithm: 16 multiplications for 4 places instead of 36."""

from __future__ import annotations

from nnc.backends.c.arrays import Array
from nnc.backends.c.blocks import product_members
from nnc.backends.c.expressions import Expression, Operand, chain, choice, infix, operand, variable
from nnc.backends.c.kernels.movement import fill_lines
from nnc.backends.c.kernels.registry import KernelCall
from nnc.backends.c.kernels.sliding import ROW, START, STOP, Geometry
from nnc.backends.c.kernels.winograd import APART, is_winograd, tile_rows
from nnc.backends.c.statements import Code, Directive, array, assign, block, declare, execute, loop, when
from nnc.backends.c.text import SUFFIXES
from nnc.backends.c.thread_counts import PARALLEL_SIZE, members, shared

SMALL = 1 << 12
"""Most channels times filters of kernels whose gradient threads add up by themselves: a cache holds 16 of them."""
SLOTS = 4
"""Most threads that do so, each with room of its own."""
TOGETHER = 128
"""Terms of sums of larger kernels that are computed before the next ones, at least."""
FEW = 64
"""The same of the others."""
MOST_ROOM = 1 << 16
"""Elements, about, of the factors of products, as long as there are as many terms: a quarter of a MiB."""
_PIECE, _PIECES = variable("piece"), 8
"""The number of a part in which products are made a kernel, and how many there are."""


def has_winograd_gradient(geometry: Geometry) -> bool:
    """Whether the gradient of a kernel is computed so."""
    return len(geometry.axes) == 2 and is_winograd(geometry)


def gradient_room(geometry: Geometry) -> int:
    """Return the elements of the workspace."""
    return _slots(geometry) * (_products(geometry) + _factors(geometry))


def _slots(geometry: Geometry) -> int:
    """Return how many parts have sums of their own; as this decides on their order, threads do not."""
    return SLOTS if geometry.channels * geometry.filters <= SMALL else 1


def _products(geometry: Geometry) -> int:
    return 16 * (geometry.channels * geometry.filters + APART)


def _factors(geometry: Geometry) -> int:
    _, across = tile_rows(geometry)
    tiles = _rows(geometry) * across
    return 16 * sum(tiles * length + APART for length in (geometry.channels, geometry.filters))


def _rows(geometry: Geometry) -> int:
    """Return the rows of tiles that are computed together."""
    _, across = tile_rows(geometry)
    least = FEW if _slots(geometry) > 1 else TOGETHER
    return -(-max(MOST_ROOM // 16 // (geometry.channels + geometry.filters), least) // across)


def winograd_gradient(call: KernelCall, geometry: Geometry, x: Array, kernel: Array, y: Array) -> list[Code]:
    """Return the loops of the gradient."""
    (space,) = call.workspace
    unit, suffix, (down, across) = call.unit, SUFFIXES[geometry.dtype], tile_rows(geometry)
    channels, filters, step, slots = geometry.channels, geometry.filters, _rows(geometry), _slots(geometry)
    high, wide = geometry.axes
    total, taps = operand(geometry.batch * down), channels * filters
    slot, product, tiles = map(variable, ("slot", "product", "tiles"))
    sizes: list[Operand] = [high.length, wide.length, channels, high.places, wide.places, filters]
    given: list[Operand] = [high.before, wide.before, x.address, y.address]
    sums, inputs = space.address, space.address + slots * _products(geometry)
    if slots > 1:
        sums, inputs = sums + slot * _products(geometry), inputs + slot * _factors(geometry)
    input_step, cotangent_step = ((tiles * length + APART).grouped for length in (channels, filters))
    cotangents = inputs + input_step * 16

    def factors(start: Expression, stop: Expression, x_factors: Expression, y_factors: Expression) -> Code:
        """Make those of some rows of tiles."""
        made = x_factors, input_step, y_factors, cotangent_step
        return execute(unit.call(f"nnc_winograd_factors_{suffix}", start, stop, down, across, *sizes, *given, *made))

    begin = slot * step if slots > 1 else operand(0)
    multiplied = unit.call(
        f"nnc_blocked_product_{suffix}",
        *(channels, tiles, filters),
        *(inputs + product * input_step, 1, channels),
        *(cotangents + product * cotangent_step, filters, 1),
        *(sums + product * (taps + APART), filters, infix(">", START, begin)),
    )
    count = product_members(16, geometry.total, geometry.patch, filters)
    directive = shared(count)
    stop = choice(infix("<", START + step, total), START + step, total)
    head = [
        declare("const int64_t", STOP, stop),
        declare("const int64_t", tiles, (STOP - START).grouped * across),
    ]
    found: list[Code]
    if slots > 1:
        body = [*head, factors(START, STOP, inputs, cotangents), loop(product, 16, [execute(multiplied)])]
        bands = loop(START, total, body, start=begin, step=slots * step)
        in_turn = None if directive is None else Directive(members=directive.members, is_in_turn=True)
        found = [loop(slot, slots, [bands], in_turn)]
    else:
        before = (ROW - START).grouped * across
        row = factors(ROW, ROW + 1, inputs + before * channels, cotangents + before * filters)
        body = [
            *head,
            loop(ROW, STOP, [row], directive, start=START),
            loop(product, 16, [execute(multiplied)], directive),
        ]
        found = [loop(START, total, body, step=step)]
    used = (total + (step - 1)).grouped / step
    others = choice(infix("<", used, slots), used, slots).grouped - 1 if slots > 1 else operand(0)
    made = unit.call(
        f"nnc_winograd_gradient_{suffix}",
        *(_PIECE * taps / _PIECES, (_PIECE + 1).grouped * taps / _PIECES),
        *(taps, taps + APART, others, space.address, kernel.address),
    )
    finite = variable("finite")
    pieces = members(_PIECES, 16 * slots * taps, PARALLEL_SIZE)
    defined = unit.call(f"nnc_winograd_defined_gradient_{suffix}", geometry.batch, *sizes, *given, kernel.address)
    found += [
        array("bool", finite, _PIECES),
        loop(_PIECE, _PIECES, [assign(finite[_PIECE], made)], shared(pieces)),
        when(infix("<", chain("+", [finite[operand(piece)] for piece in range(_PIECES)]), _PIECES), [execute(defined)]),
    ]
    if isinstance(geometry.total, int):
        return [block(found)]
    return [when(infix(">", total, 0), found, fill_lines(kernel, 0))]
