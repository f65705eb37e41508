"""Layouts: boxes as large as wanted and apart, curves that meet them, and all in one run of Graphviz."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.errors import NncError
from nnc.render.page import graph_layout
from nnc.render.page.graph_layout import DOWN, UP, Layout, Sketch, Wire, lay_out


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    count = draw(st.integers(1, 8))
    sizes = draw(st.lists(st.tuples(st.integers(10, 150), st.integers(10, 60)), min_size=count, max_size=count))
    even = tuple((2 * width, 2 * height) for width, height in sizes)
    pairs = [(start, end) for start in range(count) for end in range(start + 1, count)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    wires = tuple(Wire(start, end, draw(st.sampled_from([0, 40]))) for start, end in chosen)
    return Sketch(even, wires, draw(st.sampled_from([DOWN, UP])))


def boxes(found: Layout) -> list[tuple[int, int, int, int]]:
    flat = found["boxes"]
    return [(flat[i], flat[i + 1], flat[i + 2], flat[i + 3]) for i in range(0, len(flat), 4)]


@settings(max_examples=15)
@given(st.lists(sketches(), min_size=1, max_size=4))
def test_boxes_are_apart_and_curves_meet_them(given: list[Sketch]) -> None:
    for sketch, found in zip(given, lay_out(given), strict=True):
        placed = boxes(found)
        assert [(w, h) for _, _, w, h in placed] == list(sketch.sizes)
        for number, (x, y, w, h) in enumerate(placed):
            assert x >= -1 and x + w <= found["size"][0] + 1 and y >= -1 and y + h <= found["size"][1] + 1
            for other_x, other_y, other_w, other_h in placed[:number]:
                assert x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
        for wire, (start, end, label, points) in zip(sketch.wires, found["curves"], strict=True):
            assert (start, end) == (wire.start, wire.end)
            assert (label is not None) == (wire.width > 0)
            assert len(points) % 6 == 2  # a Bézier curve: one point, then three for each piece
            top, bottom = (start, end) if sketch.direction == DOWN else (end, start)
            assert placed[top][1] < placed[bottom][1]
            for box, (x, y) in ((placed[start], points[:2]), (placed[end], points[-2:])):
                assert box[0] - 2 <= x <= box[0] + box[2] + 2
                # Graphviz lets curves end up to 3 points before the box; the page lets them meet it.
                assert box[1] - 4 <= y <= box[1] + box[3] + 4


def test_nothing_to_lay_out_needs_no_graphviz() -> None:
    with patch.object(graph_layout, "draw", side_effect=AssertionError):
        assert lay_out([]) == []


def test_graphviz_that_leaves_something_out_is_noticed() -> None:
    with (
        patch.object(graph_layout, "draw", return_value=b"{}"),
        pytest.raises(NncError, match="laid out 1 of 2 graphs"),
    ):
        lay_out([Sketch(((10, 10),), ()), Sketch(((20, 10),), ())])


def test_many_layouts_are_one_run() -> None:
    with patch.object(graph_layout, "draw", side_effect=graph_layout.draw) as draw:
        assert len(lay_out([Sketch(((10, height),), ()) for height in range(10, 60, 2)])) == 25
    assert draw.call_count == 1
