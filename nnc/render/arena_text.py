"""Memory as text: a tree for the terminal with a bar for the steps of each buffer, and Mermaid's Gantt chart."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nnc.plan import Plan
from nnc.quantities import bytes_text
from nnc.render.labels import plan_text, shorten
from nnc.render.memory_layout import MemoryMap, Rectangle, rectangles_of
from nnc.texts import printable

WIDTH = 48
"""Characters of the bar for all steps."""
LOOKALIKES = str.maketrans({":": "：", ";": "；", "#": "＃", ",": "，"})


def memory_text(plan: Plan) -> str:
    """Return the arena as a tree: layers, and below each its buffers from the first step to the last.

    A row has the bytes of the arena, the name of the first value in them, and a bar from the step that first writes it
    to the last that reads it.

    Args:
        plan: the plan.
    """
    memory = rectangles_of(plan)
    title = (
        f"memory of {plan_text(plan)} · peak {bytes_text(memory.peak_bytes)} · "
        f"lower bound {bytes_text(memory.lower_bound)}"
    )
    return "\n".join([title, *_tree(memory, "")]) + "\n"


def _tree(memory: MemoryMap, indent: str) -> Iterator[str]:
    owners = _by_owner(memory)
    digits = len(str(memory.arena_bytes))
    names = max((len(_name(rectangle)) for rectangle in memory.rectangles), default=0)
    loops = {loop.moment: loop for loop in memory.loops}
    for number, (owner, rectangles) in enumerate(owners.items(), 1):
        is_last = number == len(owners)
        yield f"{indent}{'└─' if is_last else '├─'} {printable(owner)}"
        inner = f"{indent}{'   ' if is_last else '│  '}"
        ordered = sorted(rectangles, key=lambda item: (item.start, item.offset, item.buffer))
        for place, item in enumerate(ordered, 1):
            where = f"{item.offset:>{digits}}:{item.offset + item.nbytes:<{digits}}"
            branch = "└─" if place == len(ordered) else "├─"
            yield f"{inner}{branch} {where}  {_name(item):<{names}}  {_bar(item, memory)}"
            if item.kind == "loop":
                loop = loops[item.start]
                below = f"{inner}{'   ' if place == len(ordered) else '│  '}"
                yield f"{below}in each of {loop.rounds} rounds, from byte {loop.offset} on:"
                yield from _tree(loop.memory, below)


def _name(rectangle: Rectangle) -> str:
    return printable(shorten(rectangle.name, 32))


def _bar(rectangle: Rectangle, memory: MemoryMap) -> str:
    """Return the steps of a buffer as a bar on all steps, and in numbers."""
    count = memory.end + 1
    width = min(WIDTH, count)
    start = rectangle.start * width // count
    end = max(start + 1, -(-(rectangle.end + 1) * width // count))
    bar = "·" * start + "█" * (end - start) + "·" * (width - end)
    return f"{bar}  {_moment_text(rectangle.start, memory)}–{_moment_text(rectangle.end, memory)}"


def _by_owner(memory: MemoryMap) -> dict[str, list[Rectangle]]:
    """Return the buffers by layer, or by phase where they have none."""
    found: dict[str, list[Rectangle]] = {}
    for rectangle in memory.rectangles:
        owner = "input" if rectangle.kind == "input" else rectangle.path or rectangle.phase
        found.setdefault(owner, []).append(rectangle)
    return found


def _moment_text(moment: int, memory: MemoryMap) -> str:
    """Return the step of a moment, counted from 0."""
    if moment == 0:
        return "start"
    return "end" if moment == memory.end else str(moment - 1)


def memory_mermaid(plan: Plan) -> str:
    """Return the arena as a Mermaid Gantt chart: a section per layer, a bar per buffer, from step to step.

    Args:
        plan: the plan.
    """
    memory = rectangles_of(plan)
    title = f"memory of {plan_text(plan)}, peak {bytes_text(memory.peak_bytes)}"
    lines = [
        "---",
        f"title: {json.dumps(printable(title), ensure_ascii=False)}",
        "---",
        "gantt",
        "  dateFormat X",
        "  axisFormat %s",
    ]
    for owner, rectangles in _by_owner(memory).items():
        lines.append(f"  section {_mermaid(owner)}")
        lines += [
            f"  {_mermaid(shorten(item.name, 32))} ({bytes_text(item.nbytes)} from {item.offset}) "
            f":b{item.buffer}, {item.start}, {item.end + 1}"
            for item in sorted(rectangles, key=lambda item: (item.offset, item.start))
        ]
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Return a text with look-alikes of what ends the name of a task, or begins a comment, in a Gantt chart."""
    return printable(text).translate(LOOKALIKES).replace("%%", "％％")
