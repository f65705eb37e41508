"""A plan as a picture of its steps, in the order of execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from nnc.ir import PHASES
from nnc.plan import Plan
from nnc.quantities import bytes_text
from nnc.render.diagram import Arrow, Box, Cluster, Diagram, Line, Table
from nnc.render.labels import flops_text, plan_text, shorten
from nnc.render.plan_steps import Location, Step, inputs_of, steps_of

VIEW = "◊ view of"
"""Marks a result that is found in another value and costs nothing."""
IN_PLACE = "≡ in place of"
"""Marks a result that takes over the memory of an operand."""
WIDEST_STEP = 84
"""Characters that the line of a step may have; unpacking hundreds of weights has thousands."""


def steps_diagram(plan: Plan) -> Diagram:
    """Return a diagram with a box for each run of steps of one layer in one phase, and a frame for each loop.

    A run in which nothing is computed, such as that of a layer that only reshapes, has no box.

    A row says what a step computes, where its result lies (bytes of the arena, or a state), how many bytes it has, and
    whether it is a view or in place. Arrows give the order of execution.

    Args:
        plan: the plan.
    """
    writer = _Writer()
    inputs = inputs_of(plan)
    if inputs:
        rows = [("", f"{item.name} : {item.type}", *_where(item)) for item in inputs]
        writer.add("inputs", "", "plain", rows)
    steps = steps_of(plan)
    writer.steps(steps)
    title = f"{plan_text(plan)} · peak {bytes_text(plan.peak_bytes)} · lower bound {bytes_text(plan.lower_bound)}"
    phases = {step.phase for step in steps}
    legend = tuple(phase for phase in PHASES if phase in phases) if len(phases) > 1 else ()
    arrows = tuple(Arrow(before.key, after.key) for before, after in pairwise(writer.boxes))
    return Diagram(title, tuple(writer.boxes), arrows, tuple(writer.groups), legend)


class _Writer:
    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.groups: list[Cluster] = []

    def add(self, title: str, detail: str, kind: str, rows: Sequence[tuple[str, ...]], group: str = "") -> None:
        """Add a box."""
        lines = [Line(shorten(title), "title"), *([Line(detail, "detail")] if detail else [])]
        table = Table(tuple(rows))
        self.boxes.append(Box(f"step{len(self.boxes) + 1}", tuple(lines), kind, group, title, (table,)))

    def steps(self, steps: Sequence[Step], group: str = "") -> None:
        """Add the boxes of steps, a loop's after its own."""
        for (path, phase, _), run in groupby(steps, key=_run_key):
            found = list(run)
            if not any(step.kind == "step" for step in found):
                continue  # views and constants of a layer in which nothing runs
            flops, runs = sum(step.flops for step in found), sum(step.kind == "step" for step in found)
            count = f"{runs} step{'' if runs == 1 else 's'}"
            words = [phase, count, *([flops_text(flops)] if flops else [])]
            self.add(path or phase, " · ".join(words if path else words[1:]), phase, list(_rows(found)), group)
            for step in found:
                if step.loop:
                    key = f"loop{len(self.groups) + 1}"
                    label, note = f"{step.op} ×{step.rounds}", f"step {step.index}, from byte {step.loop_offset} on"
                    self.groups.append(Cluster(key, label, step.phase, group, note))
                    self.steps(step.loop, key)


def _run_key(step: Step) -> tuple[str, str, int]:
    """The key that the steps of a box share; a loop has a box of its own."""
    return step.path, step.phase, step.index if step.loop else -1


def _rows(steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
    """Return a row per step, and one before those of a fusion."""
    for (_, fusion, tile), run in groupby(steps, key=lambda step: (step.source, step.fusion, step.tile)):
        if fusion:
            yield "", fusion + (f", in tiles of {tile}" if tile else ""), "", "", ""
        for step in run:
            first, *others = step.results
            text = shorten(_several_text(step) if others else step.text, WIDEST_STEP)
            same = all(_where(other)[::2] == _where(first)[::2] for other in others)
            if same:
                place, _, mark = _where(first)
                yield str(step.index), text, place, bytes_text(step.nbytes), mark
                continue
            yield str(step.index), text, "", bytes_text(step.nbytes), ""
            for result in step.results:
                yield "", result.name, *_where(result)


def _several_text(step: Step) -> str:
    """Return the text of a step with several results, whose types stand elsewhere or would fill lines."""
    names = f"{step.results[0].name} … {step.results[-1].name}"
    return f"{names} = {step.op}({', '.join(step.reads)})"


def _where(location: Location) -> tuple[str, str, str]:
    """Return the cells for where a value lies, how many bytes it has, and what it shares them with."""
    place = location.text.removeprefix("view of ").removesuffix(" in place")
    mark = f"{VIEW} {location.view_of}" if location.view_of else ""
    mark = f"{IN_PLACE} {location.in_place_of}" if location.in_place_of else mark
    return place, bytes_text(location.nbytes), shorten(mark)
