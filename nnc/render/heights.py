"""How high a diagram becomes, before anything has laid it out."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.render.diagram import Box, Branches, Diagram, Table
from nnc.render.theme import SIZES

ARROW_HEIGHT = 36
"""Points between two boxes, with a label in between."""
MOST_SWEEPS = 16
"""Sweeps over the boxes: two where their order is topological, more where arrows lead back in it."""


def estimated_height(diagram: Diagram, stacked: tuple[str, str] | None = None) -> float:
    """Return about how many points a picture is high: boxes on its longest way, with arrows and frames.

    Args:
        diagram: what is drawn.
        stacked: two kinds of boxes, of which the first stand above the second although no arrow says so.
    """
    reached = _reached(diagram, {})
    if stacked is not None:
        upper, lower = stacked
        floor = max((reached[box.key] for box in diagram.nodes if box.kind == upper), default=0.0)
        reached = _reached(diagram, {lower: floor})
    return max(reached.values(), default=0.0)


def _reached(diagram: Diagram, floors: Mapping[str, float]) -> dict[str, float]:
    """Return where the lower side of each box is, counted from above; boxes of some kinds stand below a floor."""
    entering: dict[str, list[str]] = {}
    for arrow in diagram.edges:
        entering.setdefault(arrow.end, []).append(arrow.start)
    reached: dict[str, float] = {}
    for _ in range(MOST_SWEEPS):
        before = dict(reached)
        for box in diagram.nodes:
            above = [reached[start] + ARROW_HEIGHT for start in entering.get(box.key, ()) if start in reached]
            reached[box.key] = max([*above, floors.get(box.kind, 0.0)]) + _box_height(box)
        if reached == before:
            break
    return reached


def _box_height(box: Box) -> float:
    lines = [SIZES[line.style] for line in box.lines]
    for part in box.content:
        if isinstance(part, Branches):
            lines += [SIZES["text"]] * (max(map(len, part.columns)) + 1)
        elif isinstance(part, Table):
            lines += [SIZES["detail"]] * len(part.rows)
        else:
            lines.append(SIZES[part.style])
    return 10 + 1.35 * sum(lines)
