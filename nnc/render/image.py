"""Graphviz: finds it, and lets it draw DOT as SVG and PNG."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from importlib import metadata
from pathlib import Path

from nnc.activity import activity
from nnc.errors import NncError
from nnc.render.letters import reckoned_width
from nnc.render.theme import FONT_FAMILY

DISTRIBUTION = "graphviz-pure"
_TEXT = re.compile(r'(<text [^>]*font-size="([\d.]+)"[^>]*)>([^<]+)<')
RESOLUTION = 144
"""Dots per inch of a PNG: twice the size of the SVG, so that small type stays sharp."""


def draw(dot: str, format: str, engine: str = "dot") -> bytes:
    """Return the picture of a DOT text.

    Args:
        dot: text in the DOT language.
        format: ``svg`` or ``png``.
        engine: what lays it out: ``dot``, or ``neato`` for a text in which every place is given.

    Raises:
        NncError: Graphviz is not installed, or cannot draw the text; the message has what it said.
    """
    command = [find_graphviz(), f"-K{engine}", *(["-n"] if engine == "neato" else []), f"-T{format}"]
    if format == "png":
        command.append(f"-Gdpi={RESOLUTION}")
    with activity("drawing with Graphviz"):
        result = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    if result.returncode or not result.stdout:
        said = result.stderr.decode(errors="replace").strip() or "nothing"
        raise NncError(
            f"Graphviz ({command[0]}) ended with code {result.returncode} and drew no picture; it said: {said}"
        )
    return _for_any_font(result.stdout.decode()).encode() if format == "svg" else result.stdout


def _for_any_font(svg: str) -> str:
    """Return a picture whose texts keep their widths: Graphviz measures one font and names that one alone.

    Where it is missing its like should be taken, and a wider one must not run over the edges.
    """
    return _TEXT.sub(_of_its_width, svg.replace('font-family="Helvetica,sans-Serif"', f'font-family="{FONT_FAMILY}"'))


def _of_its_width(found: re.Match[str]) -> str:
    start, size, text = found.groups()
    width = reckoned_width(unescape(text), float(size), 'font-weight="bold"' in start)
    return f'{start} textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs">{text}<'


def find_graphviz() -> str:
    """Return the path of a program that draws DOT: that of the package graphviz-pure, else the system's ``dot``.

    The package goes first, for it has fonts and the widths of their letters in it and draws the same on every machine;
    Debian's ``dot`` measures letters as they are on a screen, and what it writes into boxes stands beside their middle.

    Raises:
        NncError: there is neither.
    """
    found = shutil.which(DISTRIBUTION) or _installed_program() or shutil.which("dot")
    if found is None:
        raise NncError(
            "drawing SVG, PNG or a page needs Graphviz, and neither the package graphviz-pure nor 'dot' was found; "
            "run 'pip install graphviz-pure', or write a .dot, .mmd or .txt file, which need neither"
        )
    return found


def _installed_program() -> str | None:
    """Return graphviz-pure's program where its environment is not on the search path."""
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return None
    programs = [Path(str(file.locate())) for file in files if file.stem == DISTRIBUTION and file.suffix in ("", ".exe")]
    return next((str(program.resolve()) for program in programs if program.is_file()), None)
