"""How high a diagram becomes, before anything has laid it out."""

from __future__ import annotations

from nnc.render.diagram import Box, Branches, Diagram, Table
from nnc.render.theme import SIZES

ARROW_HEIGHT = 36
"""Points between two boxes, with a label in between."""
FRAME_HEIGHT = 30
"""Points that a frame takes above and below what is in it."""


def estimated_height(diagram: Diagram) -> float:
    """Return about how many points a picture is high: boxes on its longest way, with arrows and frames."""
    heights = {box.key: _box_height(box) for box in diagram.nodes}
    reached = dict.fromkeys(heights, 0.0)
    entering: dict[str, list[str]] = {}
    for arrow in diagram.edges:
        entering.setdefault(arrow.end, []).append(arrow.start)
    for box in diagram.nodes:  # their order is topological
        above = max((reached[start] + ARROW_HEIGHT for start in entering.get(box.key, ())), default=0.0)
        reached[box.key] = above + heights[box.key]
    return max(reached.values(), default=0.0)


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
