"""Memory as a picture: offset in the arena against step, one rectangle a buffer, coloured by layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import ceil, log2

from nnc.plan import Plan
from nnc.quantities import bytes_text
from nnc.render.arena_legend import legend
from nnc.render.arena_time import Timeline
from nnc.render.labels import plan_text, shorten
from nnc.render.memory_layout import MemoryMap, Rectangle, rectangles_of
from nnc.render.plan_steps import Step, steps_of
from nnc.render.scene import Rect, Rule, Scene, Shape, Text, text_width
from nnc.render.theme import LIGHT, SIZES, Theme, ink_on, layer_colours

LEFT, RIGHT, TOP = 70.0, 140.0, 56.0
"""Margins around the arena: byte offsets, the names of its lines, and the title."""
HEIGHT = 380.0
"""Points for all bytes of the arena."""
WIDEST, COLUMN = 860.0, 24.0
"""Points for all steps at most, and for one of them."""
FULLEST = "▼"
"""Stands over the step in which most bytes are alive."""
SEAM = 0.4
"""The overlap of neighbours of one colour, so that no background shows between them."""
STRIP = 14.0
"""Height of the strip that says which phase a step belongs to."""


def memory_scene(plan: Plan, theme: Theme = LIGHT) -> Scene:
    """Return the picture of a plan's arena.

    From left to right run the steps, from bottom to top the bytes. A rectangle is a buffer, from the step that first
    writes it to the last that reads it; what a loop does in its part of the arena is drawn inside. The peak is where
    the arena ends; the lower bound, dashed, is what is alive in the fullest step.

    Args:
        plan: the plan.
        theme: colours.
    """
    return _Drawing(plan, theme).scene()


class _Drawing:
    def __init__(self, plan: Plan, theme: Theme) -> None:
        self.plan, self.theme = plan, theme
        self.memory, self.steps = rectangles_of(plan), steps_of(plan)
        self.timeline = Timeline(self.memory)
        self.column = min(COLUMN, WIDEST / self.timeline.columns)
        self.scale = HEIGHT / max(self.memory.arena_bytes, 1)
        layers = list(dict.fromkeys(step.path for step in self.steps if step.path and step.phase == "forward"))
        self.colours = dict(zip(layers, layer_colours(len(layers)), strict=True))

    def x(self, column: float) -> float:
        return LEFT + self.column * column

    def y(self, offset: float) -> float:
        return TOP + HEIGHT - self.scale * offset

    def middle(self, moment: int) -> float:
        return (self.x(self.timeline.start(moment)) + self.x(self.timeline.end(moment))) / 2

    @property
    def right(self) -> float:
        return self.x(self.timeline.columns)

    def scene(self) -> Scene:
        """Return the whole picture."""
        shapes = [*self.title(), *self.offsets(), *self.buffers(self.memory, self.timeline, 0), *self.lines()]
        shapes += self.numbers()
        shapes += self.strip()
        has_inputs = any(rectangle.kind == "input" for rectangle in self.memory.rectangles)
        kinds = [*(["input"] if has_inputs else []), *dict.fromkeys(phase for phase, _ in self.phases())]
        found = legend(self.colours, kinds, self.theme, LEFT, TOP + HEIGHT + 52, self.right + RIGHT - 10)
        shapes += found.shapes
        return Scene(self.heading, self.right + RIGHT, found.bottom + 12, self.theme.paper, tuple(shapes))

    # ------------------------------------------------------------------ texts and axes

    @property
    def heading(self) -> str:
        return f"memory of {plan_text(self.plan)}"

    def title(self) -> Iterator[Shape]:
        yield Text(LEFT, 18, self.heading, SIZES["title"], self.theme.ink, is_bold=True)
        buffers, steps = len(self.memory.rectangles), len(self.memory.steps)
        words = f"{buffers:,} buffers · {steps:,} steps", "bytes of the arena against steps in the order of execution"
        yield Text(LEFT, 35, " · ".join(words), SIZES["detail"], self.theme.faint)

    def offsets(self) -> Iterator[Shape]:
        """Draw the axis of bytes: ticks at whole powers of two, four to eight of them."""
        interval = 2 ** max(ceil(log2(max(self.memory.arena_bytes, 1) / 8)), 0)
        yield Rule(LEFT, TOP, LEFT, TOP + HEIGHT, self.theme.arrow)
        for offset in range(0, self.memory.arena_bytes + 1, interval):
            y = self.y(offset)
            yield Rule(LEFT - 4, y, LEFT, y, self.theme.arrow)
            yield Text(LEFT - 7, y, bytes_text(offset) if offset else "0", SIZES["detail"], self.theme.faint, "end")

    def numbers(self) -> Iterator[Shape]:
        """Draw the axis of steps, counted from 0 in the order in which they run, as far apart as they need."""
        y, size = TOP + HEIGHT, SIZES["detail"]
        yield Rule(LEFT, y, self.right, y, self.theme.arrow)
        room = text_width(str(len(self.memory.steps)), size) + 8
        free = 0.0  # so that there is a 0 in any case
        for number in range(len(self.memory.steps)):
            moment = number + 1
            middle = self.middle(moment)
            if middle - room / 2 < free:
                continue
            free = middle + room / 2
            yield Rule(middle, y, middle, y + 4, self.theme.arrow)
            yield Text(middle, y + 11, str(number), size, self.theme.faint, "middle")
        yield Text(self.right + 8, y + 11, "step", size, self.theme.faint)

    def lines(self) -> Iterator[Shape]:
        """Draw peak and lower bound."""
        memory, ink, size = self.memory, self.theme.ink, SIZES["detail"]
        peak, bound = self.y(memory.arena_bytes), self.y(memory.lower_bound)
        yield Rule(LEFT, peak, self.right + 6, peak, ink, 1)
        yield Text(self.right + 8, peak - 6, f"peak {bytes_text(memory.peak_bytes)}", size, ink, is_bold=True)
        yield Rule(LEFT, bound, self.right + 6, bound, ink, 1, is_dashed=True)
        yield Text(self.right + 8, bound + 7, f"lower bound {bytes_text(memory.lower_bound)}", size, ink, is_bold=True)
        if 0 < memory.fullest < memory.end:
            text = f"{FULLEST} fullest step: {memory.fullest - 1}"
            yield Text(self.right + 8, bound + 19, text, size, self.theme.faint)
            yield Text(self.middle(memory.fullest), peak - 6, FULLEST, size, ink, "middle")

    def phases(self) -> list[tuple[str, int]]:
        """Return the phase of each moment with a step, in runs: phase and number of moments."""
        phase_of = {step.index: step.phase for step in self.steps}
        found = groupby(self.memory.steps, key=lambda index: phase_of[index])
        return [(phase, len(list(run))) for phase, run in found]

    def strip(self) -> Iterator[Shape]:
        """Draw which phase each step belongs to."""
        y, moment = TOP + HEIGHT + 20, 1
        step_of = {step.index: step for step in self.steps}
        for phase, count in self.phases():
            style = self.theme.styles[phase]
            left, right = self.x(self.timeline.start(moment)), self.x(self.timeline.end(moment + count - 1))
            for other in range(moment, moment + count):
                start, end = self.x(self.timeline.start(other)), self.x(self.timeline.end(other))
                tooltip = _step_text(other - 1, step_of[self.memory.steps[other - 1]])
                yield Rect(start, y, min(end + SEAM, right) - start, STRIP, style.fill, tooltip=tooltip)
            yield Rule(left, y, right, y, style.border, 1.5)
            if text_width(phase, SIZES["detail"]) + 4 <= right - left:
                yield Text((left + right) / 2, y + STRIP / 2 + 1, phase, SIZES["detail"], self.theme.ink, "middle")
            moment += count

    # ------------------------------------------------------------------ buffers

    def buffers(self, memory: MemoryMap, timeline: Timeline, base: int) -> Iterator[Shape]:
        """Draw the buffers of the arena, or of a loop's part of it, which begins at `base`."""
        packs = {rectangle.buffer: rectangle for rectangle in memory.rectangles}
        labels: list[Shape] = []
        for rectangle in memory.rectangles:
            pack = None if rectangle.inside is None else packs.get(rectangle.inside)
            # From where a pack is whole it is drawn as one, and no more as its parts.
            end = rectangle.end if pack is None else min(rectangle.end, pack.start - 1)
            if end < rectangle.start:
                continue
            left, right = self.x(timeline.start(rectangle.start)), self.x(timeline.end(end))
            top, bottom = (self.y(base + rectangle.offset + part) for part in (rectangle.nbytes, 0))
            fill, ink, is_fixed = self.paint(rectangle)
            has_frame = min(right - left, bottom - top) > 2
            yield Rect(
                x=left,
                y=top,
                width=right - left,
                height=bottom - top,
                fill=fill,
                stroke=self.theme.arrow if has_frame else "",
                tooltip=_tooltip(rectangle, memory, base),
                is_fixed=is_fixed,
            )
            if rectangle.kind != "loop":  # a loop's is full of other buffers
                labels += _label(rectangle, left, top, right - left, bottom - top, ink, is_fixed)
        yield from labels
        for loop in memory.loops:
            inner = Timeline(loop.memory, timeline.start(loop.moment))
            yield from self.buffers(loop.memory, inner, base + loop.offset)

    def paint(self, rectangle: Rectangle) -> tuple[str, str, bool]:
        """Return the colours of a buffer's area and of its texts, and whether they are the same in every theme."""
        if rectangle.kind == "loop":
            return self.theme.paper, self.theme.ink, False
        if rectangle.kind != "input" and rectangle.path in self.colours:
            fill = self.colours[rectangle.path]
            return fill, ink_on(fill), True
        style = self.theme.styles["input" if rectangle.kind == "input" else rectangle.phase]
        return style.fill, self.theme.ink, False


def _label(
    rectangle: Rectangle, left: float, top: float, width: float, height: float, ink: str, is_fixed: bool
) -> Iterator[Shape]:
    """Return the name of a buffer, its layer and its bytes, those for which there is room."""
    size = SIZES["detail"]
    line = 1.2 * size
    layer = rectangle.path if rectangle.kind != "input" else ""
    texts = [
        rectangle.name,
        *([layer] if layer and f"%{layer}" != rectangle.name else []),
        bytes_text(rectangle.nbytes),
    ]
    texts = [text for text in texts if text_width(text, size) + 6 <= width]
    while texts and len(texts) * line + 3 > height:
        del texts[-2 if len(texts) > 2 else -1]
    if not texts or texts[0] != rectangle.name:
        return
    first = top + height / 2 - (len(texts) - 1) * line / 2
    for number, text in enumerate(texts):
        yield Text(left + width / 2, first + number * line, text, size, ink, "middle", is_fixed=is_fixed)


def _tooltip(rectangle: Rectangle, memory: MemoryMap, base: int) -> str:
    start, end = base + rectangle.offset, base + rectangle.offset + rectangle.nbytes
    names = ", ".join(rectangle.values) or rectangle.name
    where = f"layer {rectangle.path}, {rectangle.phase}" if rectangle.path else rectangle.phase
    lines = [
        names,
        "input" if rectangle.kind == "input" else where,
        f"bytes {start:,} to {end:,} ({rectangle.nbytes:,})",
        f"from {_moment_text(rectangle.start, memory)} to {_moment_text(rectangle.end, memory)}",
    ]
    return "\n".join(lines)


def _moment_text(moment: int, memory: MemoryMap) -> str:
    if moment == 0:
        return "the start"
    return "the end" if moment == memory.end else f"step {moment - 1}"


def _step_text(number: int, step: Step) -> str:
    where = f"{step.path or '-'}, {step.phase}"
    return f"step {number}, number {step.index} of the plan: {shorten(step.text, 100)}\n{where}"
