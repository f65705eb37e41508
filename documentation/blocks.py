"""The code blocks of a Markdown page, and what happens to each: run, written to a file, compared, or left alone.

Comments of HTML, which readers of the page do not see, say so in front of a block:

- ``<!-- file: NAME -->``: its text is written to this file.
- ``<!-- output -->``: it is what the block before it prints; a block of the language ``text`` always is.
- ``<!-- output of: COMMAND -->``: it is what this command prints.
- ``<!-- not run: REASON -->``: it is shown only.
- ``<!-- ci: NAME -->``: ``.ci/run`` runs it, in a virtual environment of its own.
- ``<!-- needs: NAMES -->``: it is run where these programs and packages are installed, as ``.ci/run`` does, and only
  shown elsewhere.

All others must be ``python`` or ``sh``, and are run one after the other.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NEEDS = "needs to be installed: "
"""Begin of the note of a block that is run where something is installed."""
_NOTES = {"ci": ".ci/run runs it: ", "needs": NEEDS}
_BLOCK = re.compile(
    r"(?:^<!-- *(?P<mark>file|output|output of|not run|ci|needs)(?:: *(?P<note>[^\n]*?))? *-->\n\s*?)?"
    r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)


class Role(StrEnum):
    """What happens to a block."""

    run = "run"
    file = "file"
    output = "output"
    shown = "shown"


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        role: what happens to it.
        language: as written behind the fence.
        text: what stands between the fences.
        note: name of the file, command that prints it, or why it is not run.
        start: position of the text in the page.
        line: number of the line of the page that the text begins with.
    """

    role: Role
    language: str
    text: str
    note: str
    start: int
    line: int

    @property
    def end(self) -> int:
        """Position behind the text in the page."""
        return self.start + len(self.text)


def blocks_of(page: str) -> list[Block]:
    """Return the code blocks of a page's text, in order.

    Raises:
        ValueError: nothing says what shall happen to a block.
    """
    blocks = []
    for match in _BLOCK.finditer(page):
        mark, language = match["mark"], match["language"]
        line = page.count("\n", 0, match.start("text")) + 1
        if mark in ("not run", "ci"):
            role = Role.shown
        elif mark == "output of":
            role = Role.output
        elif mark == "needs":
            role = Role.run if all(map(_is_installed, match["note"].split(", "))) else Role.shown
        elif mark is not None:
            role = Role(mark)
        elif language == "text":
            role = Role.output
        elif language in ("python", "sh"):
            role = Role.run
        else:
            raise ValueError(
                f"line {line}: a block of {language or 'no language'!r} needs a comment in front of it:"
                " <!-- file: NAME -->, <!-- output --> or <!-- not run: REASON -->"
            )
        if role is Role.shown and not match["note"]:
            raise ValueError(f"line {line}: say why the block is not run")
        note = _NOTES.get(mark, "") + (match["note"] or "")
        blocks.append(Block(role, language, match["text"], note, match.start("text"), line))
    return blocks


def _is_installed(name: str) -> bool:
    """Whether there is a program or a package of this name."""
    return shutil.which(name) is not None or find_spec(name) is not None


def pages() -> list[Path]:
    """Return the pages: README, CONTRIBUTING, those of the examples, and all of docs/."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "examples").rglob("*.md")),
        *sorted(DOCS.rglob("*.md")),
    ]
