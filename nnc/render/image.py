"""Pictures in files: SVG and PNG by way of Graphviz, DOT and Mermaid as text."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from nnc.errors import ModelError, NncError
from nnc.files import write_atomically
from nnc.render.diagram import Diagram
from nnc.render.dot import to_dot
from nnc.render.mermaid import to_mermaid
from nnc.render.theme import FONT_FAMILY

SUFFIXES = (".svg", ".png", ".dot", ".mmd")
DISTRIBUTION = "graphviz-pure"
RESOLUTION = 144
"""Dots per inch of a PNG: twice the size of the SVG, so that small type stays sharp."""


def write(diagram: Diagram, path: str | os.PathLike[str]) -> None:
    """Write a diagram to a file, in the language that its suffix names.

    The file appears whole or not at all: it is written under another name in the same folder, then renamed.

    Args:
        diagram: what to draw.
        path: file to write; ``.svg``, ``.png``, ``.dot`` or ``.mmd``.

    Raises:
        ModelError: the suffix is none of these.
        NncError: Graphviz is needed and not installed, or cannot draw the diagram.
        OSError: the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise ModelError(
            f"'{target.name}': a picture's file name must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, "
            f"got {target.suffix!r}"
        )
    if suffix == ".dot":
        data = to_dot(diagram).encode()
    elif suffix == ".mmd":
        data = to_mermaid(diagram).encode()
    else:
        data = draw(to_dot(diagram), suffix[1:])
    write_atomically(target, data)


def draw(dot: str, format: str) -> bytes:
    """Return the picture of a DOT text.

    Args:
        dot: text in the DOT language.
        format: ``svg`` or ``png``.

    Raises:
        NncError: Graphviz is not installed, or cannot draw the text; the message has what it said.
    """
    command = [find_graphviz(), "-Kdot", f"-T{format}"]
    if format == "png":
        command.append(f"-Gdpi={RESOLUTION}")
    result = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    if result.returncode or not result.stdout:
        said = result.stderr.decode(errors="replace").strip() or "nothing"
        raise NncError(
            f"Graphviz ({command[0]}) ended with code {result.returncode} and drew no picture; it said: {said}"
        )
    # Graphviz measures one font and names that one alone; where it is missing, its like should be taken.
    fonts = b'font-family="Helvetica,sans-Serif"', f'font-family="{FONT_FAMILY}"'.encode()
    return result.stdout.replace(*fonts) if format == "svg" else result.stdout


def find_graphviz() -> str:
    """Return the path of a program that draws DOT: the system's ``dot``, else that of the package graphviz-pure.

    Raises:
        NncError: there is neither.
    """
    found = shutil.which("dot") or shutil.which(DISTRIBUTION) or _installed_program()
    if found is None:
        raise NncError(
            "drawing SVG or PNG needs Graphviz, and neither 'dot' nor the package graphviz-pure was found; "
            "run 'pip install graphviz-pure', or write a .dot or .mmd file, which needs neither"
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
