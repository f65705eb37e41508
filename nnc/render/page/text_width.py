"""Measures the room that a text takes, before a browser has seen it."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.render.diagram import Line
from nnc.render.letters import letter_width
from nnc.render.theme import SIZES as PICTURE_SIZES

SIZES = PICTURE_SIZES | {"detail": 10}
"""Font size of each style of line in pixels: none so small that it could not be read on a screen."""
_OTHER, _WIDE = 600, 1000
_STEP = 8
_SPARE = 1.04
"""For fonts that are a little wider than Helvetica; what is wider still, the page draws narrower."""
LEADING = 1.3
"""Height of a line, relative to its font size."""
WIRE_SPARE = 1.12
"""For labels of wires, beside which a wire runs."""
MARK = 12
"""Pixels beside a title for the mark of what can be opened."""
MARGIN_X, MARGIN_Y = 10, 6
"""Pixels between a box and its text."""


def text_width(text: str, size: float, is_bold: bool = False) -> float:
    """Return the width of a text in Helvetica, in the unit of `size`."""
    total = sum(letter_width(sign, is_bold) or (_WIDE if ord(sign) > 0x2E80 else _OTHER) for sign in text)
    return total / 1000 * size * _SPARE


def box_size(lines: Iterable[Line], least: int = 0) -> tuple[int, int]:
    """Return width and height of a box around lines of text, in whole even pixels.

    Args:
        lines: its text.
        least: least width.
    """
    lines = tuple(lines)
    width = max((text_width(line.text, SIZES[line.style]) for line in lines if line.style != "title"), default=0.0)
    titles = (text_width(line.text, SIZES["title"], is_bold=True) + MARK for line in lines if line.style == "title")
    width = max([width, *titles])
    height = sum(SIZES[line.style] * LEADING for line in lines)
    return max(least, _even(width) + 2 * MARGIN_X), _even(height) + 2 * MARGIN_Y


def wire_width(label: str) -> int:
    """Return the width that is kept free for the label of a wire, in steps, so that more layouts are the same."""
    width = WIRE_SPARE * text_width(f"  {label} ", SIZES["detail"]) if label else 0.0
    return -(-int(width) // _STEP) * _STEP


def _even(length: float) -> int:
    return 2 * -(-int(length) // 2) + 2
