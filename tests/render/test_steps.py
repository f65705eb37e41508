"""Steps and memory as data, and the pictures of them, against the plan itself, which they must not misquote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.backends.numpy import TARGET
from nnc.cli.compile_report import compile_report
from nnc.ir.printer import operand_text
from nnc.passes import Fuse, run_passes
from nnc.plan import ALIGNMENT, Plan, is_step
from nnc.render import MemoryPicture, encode, steps_diagram
from nnc.render.arena import memory_scene
from nnc.render.diagram import Table
from nnc.render.memory_layout import MemoryMap, Rectangle, rectangles_of
from nnc.render.plan_steps import Step, inputs_of, steps_of
from nnc.render.scene import Rect
from tests.plan.helpers import plan_of
from tests.plan.strategies import memory_graphs
from tests.render import networks

PLANS = {
    "base": lambda: networks.compiled(networks.base()).plan("train", 32),
    "residual": lambda: networks.compiled(networks.residual()).plan("train", 8),
    "lstm": lambda: networks.compiled(networks.lstm()).plan("train", 8),
}


@pytest.fixture(scope="module", params=PLANS)
def plan(request: Any) -> Plan:
    return PLANS[request.param]()


def planned(graph: Any, batch: int, fuse: bool, in_nests: bool) -> Plan:
    found = run_passes(graph, [Fuse()]) if fuse else graph
    return plan_of(found, {"batch": batch}, replace(TARGET, in_nests=in_nests))


RANDOM = given(memory_graphs(), st.integers(1, 4), st.booleans(), st.booleans())


# ------------------------------------------------------------------------------ steps


def plan_lines(steps: tuple[Step, ...], nested: bool = True) -> Iterator[str]:
    """Say the steps as `nnc compile --emit plan` does."""
    for step in steps:
        places = "; ".join(result.text for result in step.results)
        yield (
            step.text
            if step.source is None and step.op == "copy" and step.text.startswith("copy")
            else (f"{step.index:5} {step.text}  @ {places}").strip()
        )
        yield from plan_lines(step.loop)


def test_steps_are_the_lines_of_the_plans_text(plan: Plan) -> None:
    said = [line.strip() for line in str(plan).splitlines()]
    found = list(plan_lines(steps_of(plan)))
    assert found == [line for line in said if re.match(r"\d+ |copy ", line)]


def test_inputs_lie_where_the_plan_says(plan: Plan) -> None:
    said = str(plan)
    for location in inputs_of(plan):
        assert f"{location.name:<28} {location.text}" in said


@RANDOM
def test_kinds_offsets_and_sources_agree_with_the_plan(graph: Any, batch: int, fuse: bool, in_nests: bool) -> None:
    plan = planned(graph, batch, fuse, in_nests)
    places = plan.places(plan.bindings)
    steps = steps_of(plan)
    assert [step.index for step in steps if step.index < plan.storage.end] == [
        index for group in plan.groups for index in group.steps
    ]
    for step in steps:
        if step.index >= plan.storage.end:
            continue
        node = plan.graph.nodes[step.index]
        assert (step.kind == "step") == is_step(plan, step.index)
        assert step.reads == tuple(operand_text(value, plan.names) for value in node.operands)
        for value, location in zip(plan.graph.results(node), step.results, strict=True):
            place = places[value]
            assert location.buffer == place.home.buffer
            assert location.nbytes == value.type.bind(plan.bindings).nbytes
            assert bool(location.view_of) == (value in plan.storage.views) == step.is_view
            if place.home.buffer is not None:
                itemsize = numpy.dtype(place.type.dtype).itemsize
                assert location.offset == place.byte_offset + int(place.layout.offset) * itemsize
        assert step.in_place == (step.index in plan.storage.inplace)
        if step.in_place:
            homes = plan.storage.homes
            (taken,) = [value for value in homes if operand_text(value, plan.names) == step.results[0].in_place_of]
            assert taken.index < step.index
            assert homes[taken] == homes[plan.graph.results(node)[0]]
        if step.source is not None and not fuse:
            assert plan.source.nodes[step.source].op == node.op


def test_operations_are_those_of_the_report() -> None:
    program, report = compile_report(networks.BASE, "train", 32, None, backend="numpy")
    assert sum(step.flops for step in steps_of(program.plan("train", 32))) <= report.flops
    matmuls = [step for step in steps_of(program.plan("train", 32)) if step.op == "matmul"]
    assert [step.flops for step in matmuls] == [256, 128, 128, 128, 256]


def test_a_loop_has_its_rounds_and_the_layer_of_its_step() -> None:
    steps = [step for step in steps_of(PLANS["lstm"]()) if step.loop]
    assert [(step.op, step.rounds, step.path, step.phase) for step in steps] == [
        ("scan", 6, "lstm", "forward"),
        ("scan", 6, "lstm_1", "forward"),
        ("scan", 6, "lstm_1", "backward"),
        ("scan", 6, "lstm", "backward"),
    ]
    for step in steps:
        assert {(inner.path, inner.phase) for inner in step.loop} == {(step.path, step.phase)}


def test_the_picture_has_every_step_in_order(plan: Plan) -> None:
    diagram = steps_diagram(plan)
    numbers = [
        int(row[0])
        for box in diagram.nodes
        for part in box.content
        if isinstance(part, Table)
        for row in part.rows
        if row[0]
    ]

    def expected(steps: tuple[Step, ...]) -> Iterator[int]:
        for _, run in groupby(steps, key=lambda step: (step.path, step.phase, step.index if step.loop else -1)):
            found = list(run)
            if any(step.kind == "step" for step in found):  # the others would be boxes in which nothing runs
                for step in found:
                    yield step.index
                    yield from expected(step.loop)

    assert numbers == list(expected(steps_of(plan)))
    assert [(arrow.start, arrow.end) for arrow in diagram.edges] == [
        (before.key, after.key) for before, after in zip(diagram.nodes, diagram.nodes[1:], strict=False)
    ]


def test_no_box_has_nothing_that_runs(plan: Plan) -> None:
    lines = [line.text for box in steps_diagram(plan).nodes if box.lines[0].text != "inputs" for line in box.lines]
    assert any(" step" in line for line in lines)
    assert not any("nothing" in line for line in lines)


def test_the_picture_marks_views_and_results_in_place(plan: Plan) -> None:
    rows = {
        row[0]: row
        for box in steps_diagram(plan).nodes
        if not box.group
        for part in box.content
        if isinstance(part, Table)
        for row in part.rows
    }
    for step in steps_of(plan):
        if str(step.index) not in rows:
            assert step.kind != "step"
            continue
        mark = rows[str(step.index)][4]
        assert mark.startswith("◊ view of") == step.is_view
        assert mark.startswith("≡ in place of") == step.in_place


# ------------------------------------------------------------------------------ memory


def check_memory(memory: MemoryMap, plan: Plan) -> None:
    """Check that no two buffers share bytes at a time, but for a pack and its parts, and that bounds are met."""
    for rectangle in memory.rectangles:
        buffer = plan.storage.buffers[rectangle.buffer]
        assert (rectangle.offset, rectangle.nbytes) == (plan.offsets[buffer.index], buffer.nbytes)
        assert 0 <= rectangle.start <= rectangle.end <= memory.end
    for number, one in enumerate(memory.rectangles):
        for other in memory.rectangles[:number]:
            if meet(one, other):
                assert other.buffer == one.inside or one.buffer == other.inside
    assert max((item.offset + item.nbytes for item in memory.rectangles), default=0) == memory.arena_bytes
    assert memory.peak_bytes == memory.arena_bytes + ALIGNMENT == plan.peak_bytes
    live = memory.live_bytes()
    assert max(live) == live[memory.fullest] == plan.lower_bound
    for loop in memory.loops:
        index = memory.steps[loop.moment - 1]
        inner = plan.loops[index]
        assert loop.offset == plan.offsets[inner.arena]
        check_memory(loop.memory, inner.plan)


def meet(one: Rectangle, other: Rectangle) -> bool:
    at_a_time = one.start <= other.end and other.start <= one.end
    return at_a_time and one.offset < other.offset + other.nbytes and other.offset < one.offset + one.nbytes


@RANDOM
def test_no_two_live_buffers_overlap(graph: Any, batch: int, fuse: bool, in_nests: bool) -> None:
    plan = planned(graph, batch, fuse, in_nests)
    check_memory(rectangles_of(plan), plan)


def test_memory_of_networks(plan: Plan) -> None:
    check_memory(rectangles_of(plan), plan)


def test_every_buffer_of_the_plan_is_there(plan: Plan) -> None:
    memory = rectangles_of(plan)
    assert [item.buffer for item in memory.rectangles] == [
        buffer.index for buffer in plan.storage.buffers if buffer.nbytes
    ]
    named = {name for item in memory.rectangles for name in item.values}
    homes = plan.storage.homes
    large = {value for value in homes if homes[value].buffer is not None and value.type.bind(plan.bindings).nbytes}
    moved = {value for value in large if not plan.storage.buffers[homes[value].buffer].nbytes}
    assert named == {plan.names[value] for value in large - moved}


# ------------------------------------------------------------------------------ the picture of memory


def drawn(plan: Plan) -> list[Rect]:
    """Return the rectangles of buffers: those with bytes in their tooltip, loops left out, for others lie on them."""
    rects = [shape for shape in memory_scene(plan).shapes if isinstance(shape, Rect)]
    return [rect for rect in rects if "\nbytes " in rect.tooltip and not rect.tooltip.startswith("body of")]


def test_drawn_rectangles_do_not_overlap_and_reach_the_peak(plan: Plan) -> None:
    rects = drawn(plan)
    close = 1e-6
    for number, one in enumerate(rects):
        for other in rects[:number]:
            beside = one.x + one.width <= other.x + close or other.x + other.width <= one.x + close
            over = one.y + one.height <= other.y + close or other.y + other.height <= one.y + close
            assert beside or over, (one.tooltip, other.tooltip)
    scene = memory_scene(plan)
    peak = min(rect.y for rect in rects)
    bottom = max(rect.y + rect.height for rect in rects)
    lines = [shape for shape in scene.shapes if getattr(shape, "y1", None) is not None]
    (bound,) = [line for line in lines if line.is_dashed]
    assert [line for line in lines if not line.is_dashed and abs(line.y1 - peak) < close and line.y2 == line.y1]
    memory = rectangles_of(plan)
    assert (bottom - bound.y1) / (bottom - peak) == pytest.approx(memory.lower_bound / memory.arena_bytes)
    for rect in rects:
        nbytes = int(re.search(r"\(([\d,]+)\)", rect.tooltip)[1].replace(",", ""))  # type: ignore[index]
        assert rect.height == pytest.approx((bottom - peak) * nbytes / memory.arena_bytes)


def test_everything_is_inside_the_picture(plan: Plan) -> None:
    scene = memory_scene(plan)
    for shape in scene.shapes:
        if isinstance(shape, Rect):
            assert 0 <= shape.x <= shape.x + shape.width <= scene.width
            assert 0 <= shape.y <= shape.y + shape.height <= scene.height
        elif hasattr(shape, "anchor"):
            left = shape.x - {"start": 0, "middle": shape.width / 2, "end": shape.width}[shape.anchor]
            assert -1 <= left <= left + shape.width <= scene.width + 1, shape.text
            assert 0 <= shape.y <= scene.height


def test_texts_of_the_picture_do_not_overlap(plan: Plan) -> None:
    boxes = []
    for shape in memory_scene(plan).shapes:
        if hasattr(shape, "anchor"):
            left = shape.x - {"start": 0, "middle": shape.width / 2, "end": shape.width}[shape.anchor]
            boxes.append((left, shape.y - shape.size / 2, left + shape.width, shape.y + shape.size / 2, shape.text))
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one[4], other[4])


def test_the_svg_is_xml_with_a_tooltip_for_every_buffer_and_step(plan: Plan) -> None:
    root = ElementTree.fromstring(encode(MemoryPicture(plan), "svg"))
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    memory = rectangles_of(plan)
    for rectangle in memory.rectangles:
        assert any(title.startswith(", ".join(rectangle.values) or rectangle.name) for title in titles)
    for number, index in enumerate(memory.steps):
        assert any(title.startswith(f"step {number}, number {index} of the plan: ") for title in titles)


def test_the_axis_of_steps_begins_at_0(plan: Plan) -> None:
    shapes = [shape for shape in memory_scene(plan).shapes if hasattr(shape, "anchor")]
    label = next(shape for shape in shapes if shape.text == "step")
    numbers = [int(shape.text) for shape in shapes if shape.y == label.y and shape.text.isdigit()]
    assert numbers[0] == 0
    assert numbers == sorted(numbers)
    assert numbers[-1] < len(rectangles_of(plan).steps)


def test_layers_have_their_colours_and_phases_theirs(plan: Plan) -> None:
    scene = memory_scene(plan)
    swatches = [shape for shape in scene.shapes if isinstance(shape, Rect) and not shape.tooltip]
    texts = [shape.text for shape in scene.shapes if hasattr(shape, "anchor")]
    layers = dict.fromkeys(step.path for step in steps_of(plan) if step.path and step.phase == "forward")
    if len(layers) <= 7:
        assert set(layers) <= set(texts)
        assert {rect.fill for rect in swatches} >= {rect.fill for rect in drawn(plan) if rect.is_fixed}
    else:
        assert any(text.endswith(f"({len(layers)} layers, first to last)") for text in texts)
    assert {"input", *(step.phase for step in steps_of(plan))} <= set(texts)
