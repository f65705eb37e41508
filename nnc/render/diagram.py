"""The diagram: boxes, arrows and groups, before any picture language."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nnc.errors import GraphError

KEY = re.compile(r"[a-z]+[0-9]+")
IDENTITY = "identity"
"""Stands for a branch that passes on what comes in."""
BESIDE = "║ "
"""Stands before each branch where they cannot be drawn side by side."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box.

    Args:
        text: what stands there, in any characters; writers escape it.
        style: ``title``, ``text`` or ``detail``: how large.
    """

    text: str
    style: str = "text"


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches of a block that is drawn as one box, side by side in it.

    Args:
        columns: the lines of each branch, from top to bottom; empty where it passes on what comes in.
    """

    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells in a box.

    Args:
        rows: as many cells each.
    """

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """One thing: a layer, a block of layers, an op, steps, an input or an output.

    Args:
        key: a word and a number, such as ``op12``; unique in its diagram, the same on every run.
        lines: the label, from top to bottom.
        kind: chooses colours and shape, a key of ``nnc.render.theme.Theme.styles``.
        group: key of the group it stands in; empty where it stands in none.
        tooltip: shown when the pointer rests on the box, where the picture can.
        content: what is inside, below the label.
        name: what others call it where no arrow can be drawn; empty takes the first line.
    """

    key: str
    lines: tuple[Line, ...]
    kind: str
    group: str = ""
    tooltip: str = ""
    content: tuple[Line | Branches | Table, ...] = ()
    name: str = ""

    def inner_lines(self) -> tuple[Line, ...]:
        """Return the content one line below the other, for pictures that cannot put things side by side."""
        lines: list[Line] = []
        for part in self.content:
            if isinstance(part, Line):
                lines.append(part)
            elif isinstance(part, Table):
                lines += [Line("  ".join(row), "detail") for row in part.rows]
            else:
                for column in part.columns:
                    first, *others = column or (IDENTITY,)
                    lines += [Line(BESIDE + first), *map(Line, others)]
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A tensor on its way from one box to another.

    Args:
        start: key of the box that makes it.
        end: key of the box that reads it.
        label: its shape.
        is_kept: whether it is kept for the backward pass; such an arrow is drawn fainter.
        kind: chooses its colour, as of a box; empty takes that of all arrows.
        width: in points; 0 takes that of all arrows.
        note: shown when the pointer rests on the arrow, where the picture can, and in text.
    """

    start: str
    end: str
    label: str = ""
    is_kept: bool = False
    kind: str = ""
    width: float = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame around boxes and other groups.

    Args:
        key: as of a box.
        label: stands in the frame's upper left.
        kind: as of a box; chooses the frame's colour.
        parent: key of the group around it; empty where there is none.
        note: stands under the label in small type.
        tooltip: shown when the pointer rests on the frame, where the picture can; empty takes the label.
    """

    key: str
    label: str
    kind: str
    parent: str = ""
    note: str = ""
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture as data.

    Args:
        title: stands over the picture.
        nodes: boxes, in the order in which they are written out.
        edges: arrows between them.
        groups: frames; a parent stands before its children.
        legend: kinds whose colours are explained under the title.
        is_sideways: whether it runs from left to right, the boxes of a frame one below the other in their order.

    Raises:
        GraphError: a key is malformed or taken, or an arrow, box or group names one that is not there.
    """

    title: str
    nodes: tuple[Box, ...] = ()
    edges: tuple[Arrow, ...] = ()
    groups: tuple[Cluster, ...] = ()
    legend: tuple[str, ...] = ()
    is_sideways: bool = False

    def __post_init__(self) -> None:
        known: set[str] = set()
        for key in [*(group.key for group in self.groups), *(box.key for box in self.nodes)]:
            if not KEY.fullmatch(key):
                raise GraphError(f"diagram '{self.title}': a key must be a word and a number, got {key!r}")
            if key in known:
                raise GraphError(f"diagram '{self.title}' has two records with the key '{key}'")
            known.add(key)
        before = {""}
        for group in self.groups:
            if group.parent not in before:
                raise GraphError(f"diagram '{self.title}': group '{group.key}' stands before its parent")
            before.add(group.key)
        boxes = {box.key for box in self.nodes}
        for box in self.nodes:
            if box.group not in before:
                raise GraphError(f"diagram '{self.title}' has no group '{box.group}', which box '{box.key}' names")
        for arrow in self.edges:
            for key in (arrow.start, arrow.end):
                if key not in boxes:
                    raise GraphError(f"diagram '{self.title}' has no box '{key}', which an arrow names")


def merge_arrows(arrows: list[Arrow]) -> tuple[Arrow, ...]:
    """Return one arrow for each set of equal ones, so that ``x * x`` is drawn once and says ``twice``."""
    counts: dict[Arrow, int] = {}
    for arrow in arrows:
        counts[arrow] = counts.get(arrow, 0) + 1
    return tuple(
        arrow if count == 1 else replace(arrow, label=f"{arrow.label}, {_times(count)}")
        for arrow, count in counts.items()
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
