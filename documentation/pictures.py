"""The pictures that a page's blocks draw, and those of the same names that the page shows."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree


def pictures_of(page: Path, work: Path) -> list[tuple[Path, Path]]:
    """Return each picture that a page shows and its blocks have drawn, as (drawn, shown).

    Args:
        page: the page; a picture ``images/start/first.svg`` on it is what its blocks write as ``first.svg``.
        work: the folder that the blocks ran in.
    """
    shown = [page.parent / link for link in re.findall(r"!\[[^\]]*\]\(([^):]+\.svg)\)", page.read_text())]
    return [(work / path.name, path) for path in shown if (work / path.name).is_file()]


def words_of(svg: Path) -> list[str]:
    """Return the words in a picture, sorted: another version of Graphviz moves them, but writes the same ones."""
    root = ElementTree.parse(svg).getroot()
    return sorted("".join(element.itertext()).strip() for element in root.iter() if element.tag.endswith("}text"))


def is_current(drawn: Path, shown: Path) -> bool:
    """Return whether the picture that a page shows has the words of what its blocks draw now."""
    return shown.is_file() and words_of(drawn) == words_of(shown)
