"""Gives each buffer its offset in the arena, and says how small an arena could be at best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from nnc.plan.storage import Buffer

Array = Any

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
class BufferBlock:
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


def make_blocks(buffers: Sequence[Buffer]) -> list[BufferBlock]:
    """Join each buffer with those inside it; empty buffers are left out.

    Only steps in which a life begins or ends count, so that leaves, wherever they stand in a graph, change nothing.
    """
    steps = sorted({step for buffer in buffers for step in (buffer.start, buffer.end)})
    number = {step: index for index, step in enumerate(steps)}
    inside: dict[int, list[Buffer]] = {}
    for buffer in buffers:
        if buffer.inside is not None:
            inside.setdefault(buffer.inside[0], []).append(buffer)
    blocks = []
    for buffer in buffers:
        if buffer.inside is not None or buffer.nbytes == 0:
            continue
        parts = inside.get(buffer.index, [])
        rectangles = [
            Rectangle(0 if part.inside is None else part.inside[1], part.nbytes, number[part.start], number[part.end])
            for part in (buffer, *parts)
        ]
        blocks.append(BufferBlock((buffer.index, *(part.index for part in parts)), tuple(rectangles)))
    return blocks


Order = Callable[[BufferBlock], tuple[int, ...]]
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
    bases, size = _smallest(blocks, lower_bound(buffers)) if reuse else _side_by_side(blocks)
    offsets = {buffer.index: bases.get(buffer.index, 0) for buffer in buffers}
    for buffer in buffers:
        if buffer.inside is not None:
            offsets[buffer.index] = offsets[buffer.inside[0]] + buffer.inside[1]
    return offsets, size


def _smallest(blocks: Sequence[BufferBlock], bound: int) -> tuple[dict[int, int], int]:
    """Return the first of the smallest placements; most often the first of all, which nothing can be smaller than."""
    bases, size = _first_fit(sorted(blocks, key=ORDERS[0]))
    for order in ORDERS[1:]:
        if size <= bound:
            break
        others, other = _first_fit(sorted(blocks, key=order))
        if other < size:
            bases, size = others, other
    return bases, size


def _side_by_side(blocks: Sequence[BufferBlock]) -> tuple[dict[int, int], int]:
    bases: dict[int, int] = {}
    size = 0
    for block in blocks:
        alignment = _alignment(block.nbytes)
        bases[block.buffers[0]] = base = -(-size // alignment) * alignment
        size = base + block.nbytes
    return bases, size


def _first_fit(blocks: Sequence[BufferBlock]) -> tuple[dict[int, int], int]:
    bases: dict[int, int] = {}
    placed = _Placed(sum(len(block.rectangles) for block in blocks))
    size = 0
    for block in blocks:
        base = placed.lowest(block)
        bases[block.buffers[0]] = base
        placed.add(block, base)
        size = max(size, base + block.nbytes)
    return bases, size


class _Placed:
    """Rectangles that have their place, in one array per property: a block meets hundreds in a deep model.

    They are in the order in which they begin, so that what a block meets need not be sorted.

    Args:
        count: the largest number of rectangles.
    """

    def __init__(self, count: int) -> None:
        self.count = 0
        self.low, self.high, self.start, self.end = numpy.empty((4, count), numpy.int64)

    def add(self, block: BufferBlock, base: int) -> None:
        """Place a block."""
        for part in block.rectangles:
            low = base + part.offset
            place = int(numpy.searchsorted(self.low[: self.count], low, "right"))
            for array, number in (
                (self.low, low),
                (self.high, low + part.nbytes),
                (self.start, part.start),
                (self.end, part.end),
            ):
                array[place + 1 : self.count + 1] = array[place : self.count]
                array[place] = number
            self.count += 1

    def lowest(self, block: BufferBlock) -> int:
        """Return the lowest aligned base at which a block meets nothing that is alive at the same time."""
        known = slice(0, self.count)
        low, high, start, end = self.low[known], self.high[known], self.start[known], self.end[known]
        alignment = _alignment(block.nbytes)
        lows, highs = [], []  # a base strictly between a low and its high would overlap
        for part in block.rectangles:
            alive = numpy.flatnonzero((start <= part.end) & (end >= part.start))
            lows.append(low[alive] - (part.offset + part.nbytes))
            highs.append(high[alive] - part.offset)
        taken_from, taken_to = (lows[0], highs[0]) if len(lows) == 1 else _in_order(lows, highs)
        # behind everything that begins below: the base to try before the next begins
        behind = numpy.maximum.accumulate(numpy.maximum(taken_to, 0))
        bases = numpy.concatenate(([0], -(-behind // alignment) * alignment))
        fits = numpy.flatnonzero(taken_from >= bases[:-1])
        return int(bases[fits[0]] if len(fits) else bases[-1])


def _in_order(lows: Sequence[Array], highs: Sequence[Array]) -> tuple[Array, Array]:
    taken_from, taken_to = numpy.concatenate(lows), numpy.concatenate(highs)
    order = numpy.argsort(taken_from)
    return taken_from[order], taken_to[order]


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
