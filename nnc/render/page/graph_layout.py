"""Positions of boxes and curves, from Graphviz: all layouts of a page in one run of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nnc.errors import NncError
from nnc.render.image import draw

DOWN, UP = "TB", "BT"
_DOTS_PER_INCH = 72


@dataclass(frozen=True, slots=True)
class Wire:
    """A curve from one box to another.

    Args:
        start: position of the box it leaves.
        end: position of the box it enters.
        width: width of its label in pixels, 0 where it has none.
    """

    start: int
    end: int
    width: int = 0


@dataclass(frozen=True, slots=True)
class Sketch:
    """A graph to lay out; equal sketches are laid out once.

    Args:
        sizes: width and height of each box in pixels.
        wires: curves between them.
        direction: `DOWN`, or `UP` for gradients, which flow the other way.
    """

    sizes: tuple[tuple[int, int], ...]
    wires: tuple[Wire, ...]
    direction: str = DOWN


Layout = dict[str, list[Any]]
"""``size``: width and height; ``boxes``: x, y, width and height of each box; ``curves``: for each wire its ends, the
centre of its label or null, and the points of its Bézier curve. All in whole pixels, y downwards."""


def lay_out(sketches: list[Sketch]) -> list[Layout]:
    """Return the layout of each sketch.

    Raises:
        NncError: Graphviz is not installed, or cannot lay them out.
    """
    if not sketches:
        return []
    text = draw("\n".join(_dot(sketch) for sketch in sketches), "json0").decode()
    decoder, position, found = json.JSONDecoder(), 0, []
    while start := text.find("{", position) + 1:
        drawing, position = decoder.raw_decode(text, start - 1)
        found.append(drawing)
    if len(found) != len(sketches):
        raise NncError(f"Graphviz laid out {len(found)} of {len(sketches)} graphs")
    return [_layout(sketch, drawing) for sketch, drawing in zip(sketches, found, strict=True)]


def _dot(sketch: Sketch) -> str:
    # The limits are for graphs of thousands of boxes, whose ranks and crossings could be improved for minutes.
    lines = [
        "digraph {",
        f"rankdir={sketch.direction} nodesep=0.22 ranksep=0.24 nslimit=2 nslimit1=2 mclimit=0.5",
        'node [shape=box fixedsize=true label=""]',
        "edge [dir=none]",
    ]
    for number, (width, height) in enumerate(sketch.sizes):
        lines.append(f"{number} [width={width / _DOTS_PER_INCH:.4f} height={height / _DOTS_PER_INCH:.4f}]")
    for number, wire in enumerate(sketch.wires):
        label = f" label={_blank(wire.width)}" if wire.width else ""
        lines.append(f"{wire.start} -> {wire.end} [id={number}{label}]")
    return "\n".join([*lines, "}"])


def _blank(width: int) -> str:
    """A label of known size, because the page's browser has other fonts than Graphviz."""
    table = 'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0"'
    return f'<<TABLE {table}><TR><TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="12"></TD></TR></TABLE>>'


def _layout(sketch: Sketch, drawing: dict[str, Any]) -> Layout:
    left, bottom, right, top = map(float, drawing["bb"].split(","))

    def point(text: str) -> tuple[int, int]:
        x, y = text.split(",")
        return round(float(x) - left), round(top - float(y))

    objects = {int(item["name"]): item for item in drawing.get("objects", ())}
    edges = {int(item["id"]): item for item in drawing.get("edges", ())}
    boxes: list[int] = []
    for number, (width, height) in enumerate(sketch.sizes):
        x, y = point(objects[number]["pos"])
        boxes += [x - width // 2, y - height // 2, width, height]
    curves = []
    for number, wire in enumerate(sketch.wires):
        label = list(point(edges[number]["lp"])) if wire.width else None
        points = [coordinate for text in edges[number]["pos"].split() for coordinate in point(text)]
        curves.append([wire.start, wire.end, label, points])
    return {"size": [round(right - left), round(top - bottom)], "boxes": boxes, "curves": curves}
