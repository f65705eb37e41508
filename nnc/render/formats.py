"""Pictures in every format: DOT, Mermaid, a tree of text, SVG, PNG and PDF."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nnc.errors import ModelError, nearest
from nnc.files import write_atomically
from nnc.plan import Plan
from nnc.render.arena import memory_scene
from nnc.render.arena_text import memory_mermaid, memory_text
from nnc.render.diagram import Diagram
from nnc.render.dot import to_dot
from nnc.render.image import draw
from nnc.render.mermaid import to_mermaid
from nnc.render.pdf import to_pdf
from nnc.render.scene_dot import scene_dot
from nnc.render.scene_svg import scene_svg
from nnc.render.schemes import follow_the_reader
from nnc.render.theme import AUTO, LIGHT, THEMES
from nnc.render.tree import to_text

SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "dot", ".mmd": "mermaid", ".txt": "txt"}
"""The format by the end of a file's name."""
FORMATS = tuple(SUFFIXES.values())
TEXTS = ("dot", "mermaid", "txt", "svg")
"""The formats that are text."""


@dataclass(frozen=True)
class MemoryPicture:
    """The arena of a plan, to be drawn to scale.

    Args:
        plan: the plan.
    """

    plan: Plan


Picture = Diagram | MemoryPicture


def encode(picture: Picture, format: str, theme: str = "light") -> bytes:
    """Return a picture in a format; text is UTF-8.

    Args:
        picture: what to draw.
        format: one of `FORMATS`.
        theme: ``light``, ``dark``, or ``auto``, by which an SVG is as the reader's system, and all else is light.

    Raises:
        ModelError: there is no such format or theme.
        NncError: Graphviz is needed and not installed, or cannot draw the picture; or Matplotlib is, for PDF.
    """
    if format not in FORMATS:
        raise ModelError(f"a picture's format must be {_listed(FORMATS)}, got {format!r}.{nearest(format, FORMATS)}")
    themes = (*THEMES, AUTO)
    if theme not in themes:
        raise ModelError(f"a picture's theme must be {_listed(themes)}, got {theme!r}.{nearest(theme, themes)}")
    if format == "pdf":
        return to_pdf(encode(picture, "svg", LIGHT.name if theme == AUTO else theme).decode())
    follows = theme == AUTO and format == "svg"
    colours = THEMES.get(theme, LIGHT)
    if isinstance(picture, Diagram):
        if format == "txt":
            return to_text(picture).encode()
        if format == "mermaid":
            return to_mermaid(picture, colours).encode()
        dot = to_dot(picture, colours)
        data = dot.encode() if format == "dot" else draw(dot, format)
    else:
        if format == "txt":
            return memory_text(picture.plan).encode()
        if format == "mermaid":
            return memory_mermaid(picture.plan).encode()
        scene = memory_scene(picture.plan, colours)
        data = scene_svg(scene).encode() if format == "svg" else scene_dot(scene).encode()
        if format == "png":
            data = draw(data.decode(), format, "neato")
    return follow_the_reader(data.decode()).encode() if follows else data


def write(picture: Picture, path: str | os.PathLike[str], theme: str = "light") -> None:
    """Write a picture to a file, in the format that its suffix names.

    The file appears whole or not at all: it is written under another name in the same folder, then renamed.

    Args:
        picture: what to draw.
        path: file to write; ``.svg``, ``.png``, ``.pdf``, ``.dot``, ``.mmd`` or ``.txt``.
        theme: as of `encode`.

    Raises:
        ModelError: the suffix is none of these, or there is no such theme.
        NncError: Graphviz is needed and not installed, or cannot draw the picture; or Matplotlib is, for PDF.
        OSError: the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        *others, last = SUFFIXES
        raise ModelError(
            f"'{target.name}': a picture's file name must end in {', '.join(others)} or {last}, got {target.suffix!r}"
        )
    write_as(picture, target, SUFFIXES[suffix], theme)


def write_as(picture: Picture, path: str | os.PathLike[str], format: str, theme: str = "light") -> None:
    """Write a picture to a file, in a format; otherwise as `write` does.

    Raises:
        ModelError: there is no such format or theme.
        NncError: Graphviz is needed and not installed, or cannot draw the picture; or Matplotlib is, for PDF.
        OSError: the file cannot be written.
    """
    write_atomically(Path(path), encode(picture, format, theme))


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(map(repr, names[:-1]))} or {names[-1]!r}"
