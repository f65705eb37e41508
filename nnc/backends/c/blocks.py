"""Products block by block: what threads divide among them, and what an epilogue goes on with while it is cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.backends.c.bounded_bias import BoundedBias
from nnc.backends.c.expressions import Expression, call, chain, choice, infix, operand, variable
from nnc.backends.c.kernels.registry import Fused, Unit, Written
from nnc.backends.c.linkage import FALSE, TRUE
from nnc.backends.c.nests import Elementwise
from nnc.backends.c.statements import Code, Statement, block, declare, declare_all, execute, loop
from nnc.backends.c.thread_counts import PARALLEL_WORK, members, members_of, shared
from nnc.ir import Dim

LARGE_KNOWN = 1 << 15
"""Multiplications, apart from run-time dimensions, below which a product is never divided."""
LARGE_MATRIX = 1 << 16
"""Elements of the right matrix from which on reading it is worth dividing, however few rows there are: 256 KiB."""
READING = PARALLEL_WORK // LARGE_MATRIX
"""Multiplications in the time of which an element of such a matrix is read."""
TOP, BOTTOM, LEFT, RIGHT = map(variable, ("top", "bottom", "left", "right"))
"""Variables for a block's first row and the one behind its last, and for its columns."""


def product_members(
    parts: Dim,
    rows: Dim,
    inner: Dim,
    columns: Dim,
    bands: tuple[int, Dim] | None = None,
    least: int = PARALLEL_WORK,
) -> Expression | None:
    """Return the number of threads that share a product; None where that is always one.

    Args:
        parts: that it comes in.
        rows: of the result.
        inner: terms of each sum.
        columns: of the result.
        bands: multiplications of a whole band, and of all, where the product is one of several bands.
        least: multiplications from which on several threads share it, unless its right matrix is large.
    """
    matrix = inner * columns
    if isinstance(matrix, int) and matrix >= LARGE_MATRIX:
        return members(parts, (rows + READING) * matrix, PARALLEL_WORK)
    if bands is None:
        return members(parts, rows * matrix, least, LARGE_KNOWN)
    band, total = bands
    if band < PARALLEL_WORK or members(parts, total, PARALLEL_WORK, LARGE_KNOWN) is None:
        return None
    return members_of(parts, rows * matrix, PARALLEL_WORK)


@dataclass(frozen=True)
class Fusion:
    """What of an epilogue a product computes itself, one way or the other.

    Args:
        bias: what a function computes while its sums are in registers.
        rows: what is computed behind each block of rows, while that is in the cache.
    """

    bias: BoundedBias | None = None
    rows: Elementwise | None = None

    def written(self, lines: Sequence[Code]) -> Written:
        """Return the statements of the product, which compute what is fused."""
        return lines if self.bias is None and self.rows is None else Fused(lines)


def fusible(epilogue: Elementwise | None, *, in_registers: bool = True) -> Fusion:
    """Return how an epilogue is fused with a product.

    Args:
        epilogue: of the product.
        in_registers: whether the function that computes sums can add a bias and bound them.
    """
    if epilogue is None:
        return Fusion()
    if in_registers and epilogue.bounded_bias is not None:
        return Fusion(bias=epilogue.bounded_bias)
    return Fusion(rows=epilogue if epilogue.has_rows else None)


def over_blocks(
    unit: Unit,
    suffix: str,
    rows: Dim,
    inner: Dim,
    columns: Dim,
    count: Expression | None,
    lines: Sequence[Code],
    behind: Elementwise | None,
    alone: Expression,
    *,
    is_turned: bool = False,
) -> list[Code]:
    """Return the loop over the blocks of a product.

    Args:
        unit: where it stands.
        suffix: of the element type.
        rows: of the result.
        inner: terms of each sum.
        columns: of the result.
        count: of the threads that share the blocks; None where they never do.
        lines: compute the block from `TOP` to `BOTTOM` and from `LEFT` to `RIGHT`.
        behind: what is done with the rows of a block afterwards.
        alone: whether there must be one block.
        is_turned: whether elements of the left matrix lie next to each other for each term of the sums.
    """
    high, wide = operand(rows), operand(columns)
    team, height, width, across, blocks, number = map(
        variable, ("members", "height", "width", "across", "blocks", "block")
    )
    turned = TRUE if is_turned else FALSE
    sizes = unit.call(f"nnc_blocks_{suffix}", high, inner, wide, turned, alone, team, height.reference, width.reference)
    body = [
        declare_all("const int64_t", (TOP, number / across * height), (LEFT, number % across * width)),
        declare("const int64_t", BOTTOM, choice(infix("<", TOP + height, high), TOP + height, high)),
        declare("const int64_t", RIGHT, choice(infix("<", LEFT + width, wide), LEFT + width, wide)),
        *lines,
        *(behind.block(TOP, BOTTOM, LEFT, RIGHT) if behind else ()),
    ]
    busy = None if count is None else call("nnc_busy", blocks, team)
    return [
        block(
            [
                declare("const int", team, 1 if count is None else count),
                Statement("int64_t height, width;"),
                execute(sizes),
                declare("const int64_t", across, (wide + width - 1) / width),
                declare("const int64_t", blocks, (high + height - 1) / height * across),
                loop(number, blocks, body, shared(busy)),
            ]
        )
    ]


def part(pointer: Expression, *steps: tuple[Expression, Dim]) -> Expression:
    """Return a pointer moved by so many times a stride in each direction."""
    return chain("+", [pointer, *(name if stride == 1 else name * stride for name, stride in steps)])
