"""Gives each buffer its offset in the arena, and says how small an arena could be at best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnc.plan.storage import Buffer

ALIGNMENT = 64
"""Largest alignment in bytes of a buffer: a cache line, and the width of an AVX-512 register."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Bytes `offset` … `offset + nbytes` (from the base of a block) during steps `start` … `end`."""

    offset: int
    nbytes: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A buffer together with the buffers inside it, whose offsets are fixed relative to each other."""

    buffers: tuple[int, ...]
    rectangles: tuple[Rectangle, ...]

    @property
    def nbytes(self) -> int:
        """Bytes from the base to the end."""
        return max(part.offset + part.nbytes for part in self.rectangles)

    @property
    def start(self) -> int:
        """First step in which a part is alive."""
        return min(part.start for part in self.rectangles)

    @property
    def end(self) -> int:
        """Last step in which a part is alive."""
        return max(part.end for part in self.rectangles)


def make_blocks(buffers: Sequence[Buffer]) -> list[Block]:
    """Join each buffer with those inside it; empty buffers are left out."""
    inside: dict[int, list[Buffer]] = {}
    for buffer in buffers:
        if buffer.inside is not None:
            inside.setdefault(buffer.inside[0], []).append(buffer)
    blocks = []
    for buffer in buffers:
        if buffer.inside is not None or buffer.nbytes == 0:
            continue
        parts = inside.get(buffer.index, [])
        rectangles = [Rectangle(0, buffer.nbytes, buffer.start, buffer.end)]
        rectangles += [
            Rectangle(part.inside[1], part.nbytes, part.start, part.end) for part in parts if part.inside is not None
        ]
        blocks.append(Block((buffer.index, *(part.index for part in parts)), tuple(rectangles)))
    return blocks


Order = Callable[[Block], tuple[int, ...]]
ORDERS: tuple[Order, ...] = (
    lambda block: (-block.nbytes, block.buffers[0]),
    lambda block: (-block.nbytes * (block.end - block.start + 1), block.buffers[0]),
    lambda block: (block.start, -block.nbytes, block.buffers[0]),
    lambda block: (-(block.end - block.start), -block.nbytes, block.buffers[0]),
)
"""Orders in which blocks are placed; the one that gives the smallest arena wins, the first on a tie."""


def allocate(buffers: Sequence[Buffer], reuse: bool = True) -> tuple[dict[int, int], int]:
    """Return the byte offset of each buffer and the bytes of the arena.

    Each block goes to the lowest offset at which it meets no block that is alive at the same time
    (first fit; see Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020).

    Args:
        buffers: sizes, lifetimes and fixed relative places.
        reuse: whether buffers that are not alive at the same time may share bytes.
    """
    blocks = make_blocks(buffers)
    placements = [_first_fit(sorted(blocks, key=order)) for order in ORDERS] if reuse else [_side_by_side(blocks)]
    bases, size = min(placements, key=lambda placement: placement[1])
    offsets = {buffer.index: bases.get(buffer.index, 0) for buffer in buffers}
    for buffer in buffers:
        if buffer.inside is not None:
            offsets[buffer.index] = offsets[buffer.inside[0]] + buffer.inside[1]
    return offsets, size


def _side_by_side(blocks: Sequence[Block]) -> tuple[dict[int, int], int]:
    bases: dict[int, int] = {}
    size = 0
    for block in blocks:
        alignment = _alignment(block.nbytes)
        bases[block.buffers[0]] = base = -(-size // alignment) * alignment
        size = base + block.nbytes
    return bases, size


def _first_fit(blocks: Sequence[Block]) -> tuple[dict[int, int], int]:
    bases: dict[int, int] = {}
    placed: list[Rectangle] = []
    size = 0
    for block in blocks:
        taken = sorted(
            (other.offset - part.offset - part.nbytes, other.offset + other.nbytes - part.offset)
            for part in block.rectangles
            for other in placed
            if part.start <= other.end and other.start <= part.end
        )
        alignment = _alignment(block.nbytes)
        base = 0
        for low, high in taken:  # a base strictly between low and high would overlap
            if low < base < high:
                base = -(-high // alignment) * alignment
        bases[block.buffers[0]] = base
        placed += [Rectangle(base + part.offset, part.nbytes, part.start, part.end) for part in block.rectangles]
        size = max(size, base + block.nbytes)
    return bases, size


def _alignment(nbytes: int) -> int:
    return min(ALIGNMENT, 1 << max(nbytes - 1, 0).bit_length())


def lower_bound(buffers: Sequence[Buffer]) -> int:
    """Return the largest number of bytes that are alive in one step: no arena can be smaller.

    A pack counts what has been written into it so far.
    """
    parts: dict[int, int] = {}
    for buffer in buffers:
        if buffer.inside is not None:
            parts[buffer.inside[0]] = parts.get(buffer.inside[0], 0) + buffer.nbytes
    changes: dict[int, int] = {}
    for buffer in buffers:
        nbytes = buffer.nbytes - parts.get(buffer.index, 0)
        changes[buffer.start] = changes.get(buffer.start, 0) + nbytes
        changes[buffer.end + 1] = changes.get(buffer.end + 1, 0) - nbytes
    live = peak = 0
    for step in sorted(changes):
        live += changes[step]
        peak = max(peak, live)
    return peak
