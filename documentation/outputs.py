"""Compares what a page shows with what its blocks print, and updates the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from documentation.blocks import NEEDS, Block, Role


def matches(shown: str, printed: str) -> bool:
    r"""Return whether a shown text stands for a printed one.

    Spaces at the ends of lines, empty lines at the ends of the text, how many spaces there are inside a line, and how
    long a rule under a table's head is, do not count. In the shown text a line of three dots stands for any lines,
    three dots in a line for anything in it.

    >>> matches("a ... c", "a b c"), matches("first\n...\nlast", "first\n2\n3\nlast"), matches("a", "a b")
    (True, True, False)
    """
    lines = [
        r"(?:[^\n]*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", r"[^\n]*?") + r"\n"
        for line in _even(shown)
    ]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _even(printed))) is not None


def _clean(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _even(text: str) -> list[str]:
    return [re.sub(r"(?<=\S) +", " ", re.sub("─+", "─", line)) for line in _clean(text)]


def pairs(blocks: Sequence[Block], printed: Sequence[str]) -> list[tuple[Block, str]]:
    """Return each block that shows an output, with what was printed: by its own command, or by the block before it.

    Args:
        blocks: those of a page.
        printed: what each of them printed; empty for those that are not run.
    """
    found: list[tuple[Block, str]] = []
    last: str | None = ""
    for block, text in zip(blocks, printed, strict=True):
        if block.role is Role.run:
            last = text
        elif block.role is Role.shown and block.note.startswith(NEEDS):
            last = None
        elif block.role is Role.output and (block.note or last is not None):
            found.append((block, text if block.note else last or ""))
    return found


def refreshed(page: str, blocks: Sequence[Block], printed: Sequence[str]) -> str:
    """Return a page's text with what is printed now where it shows something else."""
    for block, text in reversed(pairs(blocks, printed)):
        if not matches(block.text, text):
            page = page[: block.start] + "".join(f"{line}\n" for line in _clean(text)) + page[block.end :]
    return page
