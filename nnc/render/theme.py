"""Colours, shapes and fonts of every picture, in one place, light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FONT = "Helvetica"
"""A single name: Graphviz has the widths of its letters built in, and of no list of names."""
FONT_FAMILY = "Helvetica, Arial, sans-serif"
SIZES = {"title": 13, "text": 11, "detail": 9}
"""Font size of each style of line, in points."""


@dataclass(frozen=True, slots=True)
class Style:
    """The look of a kind of box.

    Args:
        fill: colour of its area, on which ink and faint ink are read.
        border: colour of its frame and of its mark in the legend.
        shape: ``box`` or ``ellipse``.
    """

    fill: str
    border: str
    shape: str = "box"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture.

    Args:
        name: ``light`` or ``dark``.
        paper: the ground.
        ink: titles and texts.
        faint: details.
        arrow: arrows, axes and rules.
        kept: arrows of what is kept for the backward pass.
        styles: by kind of box, and of arrow, which has the border's colour.
    """

    name: str
    paper: str
    ink: str
    faint: str
    arrow: str
    kept: str
    styles: Mapping[str, Style]


# Hues of Okabe and Ito, "Color Universal Design" (2008), which the colour-blind tell apart. On light ground they are
# tinted to carry black text, and borders are darkened where the hue alone is too light to be seen as a line on white;
# on dark ground it is the other way round.
LIGHT = Theme(
    name="light",
    paper="#FFFFFF",
    ink="#1A1A1A",
    faint="#4A4A4A",
    arrow="#666666",
    kept="#B58AA5",
    styles={
        "input": Style("#F2F2F2", "#4A4A4A", "ellipse"),
        "output": Style("#E0E0E0", "#1A1A1A", "ellipse"),
        "layer": Style("#D9EAF7", "#0072B2"),
        "plain": Style("#F7FAFC", "#7A93A6"),
        "forward": Style("#D9EAF7", "#0072B2"),
        "loss": Style("#FBE0D0", "#BF5300"),
        "metrics": Style("#FBF7C8", "#5C5600"),
        "backward": Style("#F6E0EC", "#B8508C"),
        "update": Style("#D3EFE5", "#007A5A"),
        "positive": Style("#D9EAF7", "#0072B2"),
        "negative": Style("#FBE0D0", "#BF5300"),
    },
)
DARK = Theme(
    name="dark",
    paper="#15181C",
    ink="#ECEFF3",
    faint="#B4BCC6",
    arrow="#8D97A3",
    kept="#A5718F",
    styles={
        "input": Style("#2A2D33", "#B4BCC6", "ellipse"),
        "output": Style("#3A3E46", "#ECEFF3", "ellipse"),
        "layer": Style("#12324A", "#56B4E9"),
        "plain": Style("#1E242B", "#7F93A5"),
        "forward": Style("#12324A", "#56B4E9"),
        "loss": Style("#4A2610", "#FF8A3D"),
        "metrics": Style("#3A3710", "#F0E442"),
        "backward": Style("#43203A", "#F0A6D0"),
        "update": Style("#0C3A2C", "#2CC295"),
        "positive": Style("#12324A", "#56B4E9"),
        "negative": Style("#4A2610", "#FF8A3D"),
    },
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
AUTO = "auto"
"""Light or dark as the reader's system has it; only SVG can, all else is light then."""

LAYER_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's hues, for layers that are told apart by colour."""
SCALE = (
    *("#00224E", "#1A386F", "#434E6C", "#61656F", "#7D7C78"),
    *("#9B9476", "#BCAE6C", "#DEC958", "#FEE838"),
)
"""Cividis (Nuñez, Anderton and Renslow, 2018), in equal steps: for more layers than there are hues, first to last."""


def layer_colours(count: int) -> tuple[str, ...]:
    """Return a colour for each of `count` layers in their order: hues while there are enough, otherwise a scale.

    >>> layer_colours(2)
    ('#E69F00', '#56B4E9')
    """
    if count <= len(LAYER_COLOURS):
        return LAYER_COLOURS[:count]
    return tuple(_on_scale(number / (count - 1)) for number in range(count))


def _on_scale(place: float) -> str:
    """Return the colour at a place between 0 and 1, between those of its neighbours."""
    below = min(int(place * (len(SCALE) - 1)), len(SCALE) - 2)
    part = place * (len(SCALE) - 1) - below
    pairs = zip(_channels(SCALE[below]), _channels(SCALE[below + 1]), strict=True)
    return "#" + "".join(f"{round(low + (high - low) * part):02X}" for low, high in pairs)


def ink_on(ground: str) -> str:
    """Return black or white, whichever is read better on a ground; both are the same in every theme."""
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, ground))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in _channels(colour)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))
