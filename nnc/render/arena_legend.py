"""Below a memory picture: which colour is which layer, and which phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nnc.ir import PHASES
from nnc.render.labels import shorten
from nnc.render.scene import Rect, Shape, Text, text_width
from nnc.render.theme import LAYER_COLOURS, SIZES, Theme

SWATCH = 10.0
"""Side of a square that shows a colour."""
ROW = 17.0
"""Height of a row."""
SCALE = 160.0
"""Length of a scale of colours."""
SEAM = 0.4
"""The overlap of neighbours, so that no background shows between them."""


@dataclass(frozen=True)
class Legend:
    """The legend below the picture.

    Args:
        shapes: rectangles and texts.
        bottom: where it ends.
    """

    shapes: tuple[Shape, ...]
    bottom: float


def legend(
    colours: Mapping[str, str], kinds: Sequence[str], theme: Theme, left: float, top: float, right: float
) -> Legend:
    """Return the legend of a memory picture.

    Args:
        colours: of layers, in their order; more than there are hues are shown as a scale from the first to the last.
        kinds: other kinds of buffers and steps, keys of the theme's styles.
        theme: colours of all else.
        left: where it starts.
        top: where it starts.
        right: where a row has to end.
    """
    entries = [(shorten(name), colour, "", True) for name, colour in colours.items()]
    shapes: list[Shape] = []
    y = top
    if len(entries) > len(LAYER_COLOURS):
        shapes += _scale(list(colours), list(colours.values()), theme, left, y)
        y += ROW
        entries = []
    order = ("input", *PHASES)
    styles = [(kind, theme.styles[kind]) for kind in sorted(kinds, key=order.index)]
    entries += [(name, style.fill, style.border, False) for name, style in styles]
    x = left
    for name, fill, stroke, is_fixed in entries:
        width = SWATCH + 5 + text_width(name, SIZES["detail"]) + 14
        if x > left and x + width > right:
            x, y = left, y + ROW
        shapes.append(Rect(x, y - SWATCH / 2, SWATCH, SWATCH, fill, stroke or theme.arrow, is_fixed=is_fixed))
        shapes.append(Text(x + SWATCH + 5, y, name, SIZES["detail"], theme.ink))
        x += width
    return Legend(tuple(shapes), y + ROW / 2)


def _scale(names: Sequence[str], colours: Sequence[str], theme: Theme, left: float, y: float) -> Iterator[Shape]:
    size = SIZES["detail"]
    first, last = shorten(names[0], 30), shorten(names[-1], 30)
    yield Text(left, y, first, size, theme.ink)
    x = left + text_width(first, size) + 8
    width = SCALE / len(colours)
    for number, colour in enumerate(colours):
        end = min(x + (number + 1) * width + SEAM, x + SCALE)
        yield Rect(x + number * width, y - SWATCH / 2, end - x - number * width, SWATCH, colour, is_fixed=True)
    yield Text(x + SCALE + 8, y, f"{last} ({len(names)} layers, first to last)", size, theme.ink)
