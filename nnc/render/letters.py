"""Widths of Helvetica's letters: pictures are laid out by them before a browser has seen a text.

From Adobe's font metrics; Arial and Liberation Sans have the same widths.
"""

from __future__ import annotations

_REGULAR = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
_BOLD = (
    *(278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611),
    *(975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556),
    *(333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611),
    *(611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584),
)
_FIRST = ord(" ")


def letter_width(sign: str, is_bold: bool = False) -> int | None:
    """Return the width of a letter in thousandths of the font's size; None beyond ASCII."""
    widths, place = _BOLD if is_bold else _REGULAR, ord(sign) - _FIRST
    return widths[place] if 0 <= place < len(widths) else None


def reckoned_width(text: str, size: float, is_bold: bool = False) -> float:
    """Return the width for which Graphviz leaves room, in the unit of `size`: beyond ASCII, a space for each byte."""
    widths = (letter_width(sign, is_bold) or len(sign.encode()) * _REGULAR[0] for sign in text)
    return sum(widths) / 1000 * size
