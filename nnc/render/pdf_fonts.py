"""Which fonts of a machine have the letters of a PDF."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

FONT = "DejaVu Sans"
"""The font that Matplotlib brings along, so that a picture is the same on every machine."""
_OTHER_LETTERS = ("Last Resort", "STIXNonUnicode", "cm")
"""How fonts begin whose letters are not those that they are said to be."""


def find_families(texts: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the fonts for some texts, `FONT` and those that have what it lacks, and the letters that none has."""
    missing = sorted({letter for text in texts for letter in text if not letter.isspace()} - _letters(FONT))
    families = [FONT]
    for family in _others() if missing else ():
        has = _letters(family)
        if has.intersection(missing):
            families.append(family)
            missing = [letter for letter in missing if letter not in has]
        if not missing:
            break
    return tuple(families), "".join(missing)


def has_letters(families: tuple[str, ...], text: str, weight: str) -> bool:
    """Whether one of some fonts has each letter of a text in a weight."""
    return set(text.replace(" ", "")) <= set().union(*(_letters(family, weight) for family in families))


def are_outlines_kept(families: Iterable[str]) -> bool:
    """Whether fonts have the outlines of TrueType, which a PDF keeps with texts that can be searched."""
    from fontTools.ttLib import TTFont

    for family in families:
        with TTFont(_path(family), fontNumber=0, lazy=True) as font:
            if "glyf" not in font:
                return False
    return True


def _others() -> list[str]:
    """Return the other fonts of the machine, those without serifs first."""
    from matplotlib.font_manager import fontManager

    names = {
        entry.name
        for entry in fontManager.ttflist
        if entry.style == "normal" and entry.weight in (400, "normal") and not entry.name.startswith(_OTHER_LETTERS)
    }
    return sorted(names - {FONT}, key=lambda name: ("Sans" not in name, name))


@cache
def _letters(family: str, weight: str = "normal") -> frozenset[str]:
    from matplotlib.font_manager import get_font

    font: Any = get_font(_path(family, weight))
    return frozenset(map(chr, font.get_charmap()))


def _path(family: str, weight: str = "normal") -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=family, weight=weight)))
