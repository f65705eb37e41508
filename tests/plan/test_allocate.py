"""Offsets of random buffers: nothing overlaps, everything is aligned, and sharing never costs more than it saves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.plan import ALIGNMENT, Buffer, allocate, lower_bound
from nnc.plan.allocate import ORDERS, Rectangle, make_blocks


@st.composite
def buffers(draw):
    """Buffers with lifetimes; some hold others, one behind the other, that begin earlier and end with them."""
    found: list[Buffer] = []

    def add(nbytes: int, start: int, end: int, inside: tuple[int, int] | None = None) -> None:
        found.append(Buffer(len(found), f"b{len(found)}", nbytes, start, end, inside))

    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, 20))
        end = draw(st.integers(start, 25))
        sizes = draw(st.one_of(st.just([]), st.lists(st.integers(0, 10), min_size=1, max_size=3)))
        if not sizes:
            add(draw(st.integers(0, 300)), start, end)
            continue
        outer = len(found)
        add(8 * sum(sizes) + 8 * draw(st.integers(0, 3)), start, end)
        for position, size in enumerate(sizes):
            add(8 * size, draw(st.integers(0, start)), end, (outer, 8 * sum(sizes[:position])))
    return found


def related(first: Buffer, second: Buffer) -> bool:
    """Whether one is inside the other."""
    return any(
        one.inside is not None and one.inside[0] == other.index for one, other in ((first, second), (second, first))
    )


def aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


@given(buffers())
def test_buffers_that_are_alive_together_do_not_overlap(given):
    offsets, size = allocate(given)
    assert set(offsets) == {buffer.index for buffer in given}
    for first in given:
        start = offsets[first.index]
        assert start >= 0
        assert start + first.nbytes <= size or first.nbytes == 0
        for second in given[: first.index]:
            together = first.start <= second.end and second.start <= first.end
            if first.nbytes and second.nbytes and together and not related(first, second):
                assert start + first.nbytes <= offsets[second.index] or offsets[second.index] + second.nbytes <= start


@given(buffers())
def test_parts_lie_at_their_place_inside(given):
    offsets, _ = allocate(given)
    for buffer in given:
        if buffer.inside is not None:
            assert offsets[buffer.index] == offsets[buffer.inside[0]] + buffer.inside[1]


@given(buffers(), st.booleans())
def test_buffers_are_aligned(given, reuse):
    offsets, _ = allocate(given, reuse)
    for buffer in given:
        if buffer.inside is None and buffer.nbytes:
            alignment = next(power for power in (1, 2, 4, 8, 16, 32, 64) if power >= min(buffer.nbytes, ALIGNMENT))
            assert offsets[buffer.index] % alignment == 0


@given(buffers())
def test_arena_lies_between_the_bound_and_the_sum(given):
    outer = [buffer for buffer in given if buffer.inside is None]
    _, size = allocate(given)
    _, separate = allocate(given, reuse=False)
    assert lower_bound(given) <= size <= sum(aligned(buffer.nbytes) for buffer in outer)
    assert sum(buffer.nbytes for buffer in outer) <= separate <= sum(aligned(buffer.nbytes) for buffer in outer)


@given(buffers())
def test_without_sharing_no_two_buffers_overlap_at_all(given):
    offsets, size = allocate(given, reuse=False)
    spans = sorted(
        (offsets[buffer.index], offsets[buffer.index] + buffer.nbytes)
        for buffer in given
        if buffer.inside is None and buffer.nbytes
    )
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert max((end for _, end in spans), default=0) <= size


@given(buffers())
def test_bound_is_the_fullest_step(given):
    """Counted byte by byte: a pack fills with its parts, and is whole from its own step on."""
    fullest = 0
    for step in range(27):
        live = 0
        for buffer in given:
            if buffer.inside is None and buffer.start <= step <= buffer.end:
                live += buffer.nbytes
            if buffer.inside is not None and buffer.start <= step < given[buffer.inside[0]].start:
                live += buffer.nbytes
        fullest = max(fullest, live)
    assert lower_bound(given) == fullest


def test_example():
    """The large buffer's bytes serve the two small ones before and after it."""
    given = [Buffer(0, "a", 64, 0, 1), Buffer(1, "b", 128, 1, 2), Buffer(2, "c", 64, 2, 3), Buffer(3, "d", 64, 3, 4)]
    assert allocate(given) == ({0: 128, 1: 0, 2: 128, 3: 0}, 192)
    assert allocate(given, reuse=False) == ({0: 0, 1: 64, 2: 192, 3: 256}, 320)
    assert lower_bound(given) == 192


@pytest.mark.parametrize("reuse", [True, False])
def test_nothing_needs_nothing(reuse):
    assert allocate([], reuse) == ({}, 0)
    assert allocate([Buffer(0, "a", 0, 0, 9)], reuse) == ({0: 0}, 0)
    assert lower_bound([]) == 0


def lowest_by_trying(blocks) -> dict[int, int]:
    """The place of each block by trying every multiple of its alignment, from 0 on."""
    placed: list[tuple[int, Rectangle]] = []
    bases = {}
    for block in blocks:
        alignment = next(power for power in (1, 2, 4, 8, 16, 32, 64) if power >= min(block.nbytes, ALIGNMENT))
        base = 0
        while any(
            low + other.offset < base + part.offset + part.nbytes
            and base + part.offset < low + other.offset + other.nbytes
            and part.start <= other.end
            and other.start <= part.end
            for low, other in placed
            for part in block.rectangles
            if part.nbytes and other.nbytes
        ):
            base += alignment
        bases[block.buffers[0]] = base
        placed += [(base, part) for part in block.rectangles]
    return bases


@given(buffers())
def test_each_block_goes_to_the_lowest_place_in_the_best_order(given):
    given = [buffer for buffer in given if buffer.nbytes]
    blocks = make_blocks(given)
    placements = [lowest_by_trying(sorted(blocks, key=order)) for order in ORDERS]
    sizes = [max((bases[block.buffers[0]] + block.nbytes for block in blocks), default=0) for bases in placements]
    offsets, size = allocate(given)
    assert size == min(sizes)
    assert {index: offsets[index] for index in placements[0]} == placements[sizes.index(size)]
