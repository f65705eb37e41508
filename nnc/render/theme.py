"""Colours, shapes and fonts of every picture, in one place."""

from __future__ import annotations

from dataclasses import dataclass

FONT = "Helvetica"
"""A single name: Graphviz has the widths of its letters built in, and of no list of names."""
FONT_FAMILY = "Helvetica, Arial, sans-serif"
SIZES = {"title": 13, "text": 11, "detail": 9}
"""Font size of each style of line, in points."""

INK = "#1A1A1A"
FAINT = "#4A4A4A"
ARROW = "#666666"
KEPT = "#B58AA5"
PAPER = "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of box looks.

    Args:
        fill: colour of its area, light, so that `INK` and `FAINT` are read on it.
        border: colour of its frame and of its mark in the legend.
        shape: ``box`` or ``ellipse``.
    """

    fill: str
    border: str
    shape: str = "box"


# Hues of Okabe and Ito, "Color Universal Design" (2008), which the colour-blind tell apart, tinted to be a ground for
# black text; borders are darkened where the hue alone is too light to be seen as a line on white.
STYLES = {
    "input": Style("#F2F2F2", "#4A4A4A", "ellipse"),
    "output": Style("#E0E0E0", "#1A1A1A", "ellipse"),
    "layer": Style("#D9EAF7", "#0072B2"),
    "plain": Style("#F7FAFC", "#7A93A6"),
    "forward": Style("#D9EAF7", "#0072B2"),
    "loss": Style("#FBE0D0", "#BF5300"),
    "metrics": Style("#FBF7C8", "#5C5600"),
    "backward": Style("#F6E0EC", "#B8508C"),
    "update": Style("#D3EFE5", "#007A5A"),
}
