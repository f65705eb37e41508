"""Products block by block: what threads divide among them, and what an epilogue goes on with while it is cached."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.kernels.registry import Unit
from nnc.backends.c.nests import Elementwise, indented
from nnc.backends.c.sharing import members, parallel_for
from nnc.backends.c.text import dim_text
from nnc.ir import Dim

LARGE = 1 << 18
"""Multiplications, in all, from which on a product is divided into blocks."""
SHORT, LARGE_SHORT = 128, 1 << 22
"""Terms of a sum below which more is to be done: bringing a result to another core takes as long as that many terms."""
LARGE_KNOWN = 1 << 15
"""Multiplications, apart from run-time dimensions, below which a product is never divided."""
LARGE_MATRIX = 1 << 16
"""Elements of the right matrix from which on reading it is worth dividing, however few rows there are: 256 KiB."""
READING = LARGE // LARGE_MATRIX
"""Multiplications in the time of which an element of such a matrix is read."""
TOP, BOTTOM, LEFT, RIGHT = "top", "bottom", "left", "right"
"""Variables for a block's first row and the one behind its last, and for its columns."""


def product_members(parts: Dim, rows: Dim, inner: Dim, columns: Dim) -> str:
    """Return the number of threads that share a product in so many parts, in C; nothing where that is always one."""
    matrix = inner * columns
    if isinstance(matrix, int) and matrix >= LARGE_MATRIX:
        return members(parts, (rows + READING) * matrix, LARGE)
    is_short = isinstance(inner, int) and inner < SHORT
    return members(parts, rows * matrix, LARGE_SHORT if is_short else LARGE, LARGE_KNOWN)


def over_blocks(
    unit: Unit,
    suffix: str,
    rows: Dim,
    inner: Dim,
    columns: Dim,
    count: str,
    lines: Sequence[str],
    epilogue: Elementwise | None,
    alone: str,
) -> list[str]:
    """Return the loop over the blocks of a product.

    Args:
        unit: where it stands.
        suffix: of the element type.
        rows: of the result.
        inner: terms of each sum.
        columns: of the result.
        count: of the threads that share the blocks, in C; an empty text where they never do.
        lines: compute the block from `TOP` to `BOTTOM` and from `LEFT` to `RIGHT`.
        epilogue: what is done with each element afterwards.
        alone: whether there must be one block, in C.
    """
    high, wide = dim_text(rows), dim_text(columns)
    inside = epilogue is not None and epilogue.has_rows
    sizes = unit.call(f"nnc_blocks_{suffix}", high, dim_text(inner), wide, alone, "members", "&height", "&width")
    loop = [
        "{",
        f"    const int members = {count or 1};",
        "    int64_t height, width;",
        f"    {sizes};",
        f"    const int64_t across = ({wide} + width - 1) / width;",
        f"    const int64_t blocks = ({high} + height - 1) / height * across;",
        *(parallel_for("nnc_busy(blocks, members)") if count else []),
        "    for (int64_t block = 0; block < blocks; block++) {",
        f"        const int64_t {TOP} = block / across * height, {LEFT} = block % across * width;",
        f"        const int64_t {BOTTOM} = {TOP} + height < {high} ? {TOP} + height : {high};",
        f"        const int64_t {RIGHT} = {LEFT} + width < {wide} ? {LEFT} + width : {wide};",
        *indented(indented(lines)),
        *(indented(indented(epilogue.block(TOP, BOTTOM, LEFT, RIGHT))) if epilogue and inside else ()),
        "    }",
        "}",
    ]
    return loop if inside or epilogue is None else [*loop, *epilogue.everywhere()]


def part(pointer: str, *steps: tuple[str, Dim]) -> str:
    """Return a pointer moved by so many times a stride in each direction."""
    return " + ".join([pointer, *(name if stride == 1 else f"{name} * {dim_text(stride)}" for name, stride in steps)])
