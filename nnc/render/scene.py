"""A picture that is drawn to scale: rectangles, lines and texts at their places, before any picture language."""

from __future__ import annotations

from dataclasses import dataclass

LETTER_WIDTH = 0.58
"""Mean width of a letter of the pictures' font, as a part of its size; on the safe side for names and numbers."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle; lengths are points, from the upper left.

    Args:
        x: left end.
        y: upper end.
        width: its width.
        height: its height.
        fill: colour of its area.
        stroke: colour of its frame; empty where it has none.
        tooltip: shown when the pointer rests on it, where the picture can.
        is_fixed: whether the colour is the same in every theme.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str = ""
    tooltip: str = ""
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line.

    Args:
        x1: its start.
        y1: its start.
        x2: its end.
        y2: its end.
        stroke: its colour.
        width: its width.
        is_dashed: whether it is dashed.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str
    width: float = 0.75
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text.

    Args:
        x: where it starts, ends or has its middle, as `anchor` says.
        y: its middle.
        text: in any characters; writers escape them.
        size: of the font.
        fill: colour.
        anchor: ``start``, ``middle`` or ``end``.
        is_bold: whether it is bold.
        is_fixed: whether the colour is the same in every theme.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: str = "start"
    is_bold: bool = False
    is_fixed: bool = False

    @property
    def width(self) -> float:
        """About how wide it is."""
        return text_width(self.text, self.size)


Shape = Rect | Rule | Text


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture as data.

    Args:
        title: what it shows.
        width: of the whole picture, in points.
        height: of the whole picture.
        ground: colour behind everything.
        shapes: in the order in which they are drawn.
    """

    title: str
    width: float
    height: float
    ground: str
    shapes: tuple[Shape, ...] = ()


def text_width(text: str, size: float) -> float:
    """Return about how many points a text is wide."""
    return LETTER_WIDTH * size * len(text)
