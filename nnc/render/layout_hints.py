"""Hints for Graphviz's layout: what should stand under what, although no arrow says so."""

from __future__ import annotations

from nnc.render.diagram import Diagram


def stacking(diagram: Diagram) -> tuple[tuple[str, str], ...]:
    """Return pairs of keys of boxes of which the second must stand lower, so that groups stand under each other.

    A box that nothing enters would be drawn just over its reader, beside the layer before; it is held below the
    last box that enters its group. No pair contradicts an arrow or another pair.
    """
    order = {box.key: position for position, box in enumerate(diagram.nodes)}
    groups = {box.key: box.group for box in diagram.nodes}
    arrows = [arrow for arrow in diagram.edges if not arrow.is_kept]
    entered = {arrow.end for arrow in arrows}
    below: dict[str, list[str]] = {key: [] for key in groups}
    for arrow in diagram.edges:
        below[arrow.start].append(arrow.end)
    feeders: dict[str, str] = {}
    for arrow in sorted(arrows, key=lambda arrow: order[arrow.start]):
        if groups[arrow.start] != groups[arrow.end]:
            feeders[groups[arrow.end]] = arrow.start
    pairs = []
    for key, group in groups.items():
        feeder = feeders.get(group, "") if group and key not in entered else ""
        if feeder and not _leads(below, key, feeder):
            below[feeder].append(key)
            pairs.append((feeder, key))
    return tuple(pairs)


def _leads(below: dict[str, list[str]], start: str, end: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        key = waiting.pop()
        if key == end:
            return True
        waiting += [other for other in below[key] if other not in seen]
        seen.update(below[key])
    return False
