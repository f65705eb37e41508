"""Looks at SVG files as a reader does: which texts there are, where, and whether they lie on each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
NARROW = 0.45
"""Mean width of a letter of Helvetica as a part of its size, on the narrow side."""


@dataclass(frozen=True)
class Placed:
    """A text with the rectangle that it takes at least."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Placed) -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not apart and not (self.bottom <= other.top or other.bottom <= self.top)


def placed_texts(svg: bytes) -> list[Placed]:
    """Return the texts of a picture; Graphviz draws upwards from the lower end of its own coordinates."""
    found = []
    for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        text, size = "".join(element.itertext()).strip("\u00a0 "), float(element.get("font-size", "0"))
        width, x, y = NARROW * size * len(text), float(element.get("x", "0")), float(element.get("y", "0"))
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[element.get("text-anchor", "start")]
        if text:
            found.append(Placed(text, left, y - 0.7 * size, left + width, y))
    return found


def overlapping(svg: bytes) -> list[tuple[str, str]]:
    """Return the pairs of texts that lie on each other."""
    texts = placed_texts(svg)
    return [(one.text, other.text) for number, one in enumerate(texts) for other in texts[:number] if one.meets(other)]


def outside(svg: bytes) -> list[str]:
    """Return the texts that reach over the edge of the picture."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    graph = root.find(f"{SVG}g")
    moved = re.search(r"translate\(([\d.]+) ([\d.]+)\)", "" if graph is None else graph.get("transform", ""))
    x, y = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
    return [
        item.text
        for item in placed_texts(svg)
        if item.left + x < 0 or item.right + x > width or item.top + y < 0 or item.bottom + y > height
    ]


def size(svg: bytes) -> tuple[float, float]:
    """Return width and height in points."""
    root = ElementTree.fromstring(svg)
    return float(root.get("width", "").removesuffix("pt")), float(root.get("height", "").removesuffix("pt"))


def everything_said(svg: bytes) -> str:
    """Return all texts and tooltips, a line each."""
    root = ElementTree.fromstring(svg)
    shown = ["".join(element.itertext()) for element in root.iter() if element.tag in (f"{SVG}text", f"{SVG}title")]
    return "\n".join(
        [*shown, *(value for item in root.iter() for key, value in item.items() if key.endswith("}title"))]
    )
