"""Scenes as SVG."""

from __future__ import annotations

from html import escape

from nnc.render.scene import Rect, Rule, Scene, Shape
from nnc.render.theme import FONT_FAMILY
from nnc.texts import printable

LIFT = 0.35
"""The height of a letter's middle above its baseline, as a share of its size."""


def scene_svg(scene: Scene) -> str:
    """Return the SVG text of a scene; equal scenes give equal texts."""
    width, height = _number(scene.width), _number(scene.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT_FAMILY}" role="img">',
        f"<title>{_text(scene.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{scene.ground}"/>',
        *map(_shape, scene.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _shape(shape: Shape) -> str:
    if isinstance(shape, Rule):
        dashes = ' stroke-dasharray="4 3"' if shape.is_dashed else ""
        ends = " ".join(f'{name}="{_number(getattr(shape, name))}"' for name in ("x1", "y1", "x2", "y2"))
        return f'<line {ends} stroke="{shape.stroke}" stroke-width="{_number(shape.width)}"{dashes}/>'
    fixed = ' class="fixed"' if shape.is_fixed else ""
    if isinstance(shape, Rect):
        sides = " ".join(f'{name}="{_number(getattr(shape, name))}"' for name in ("x", "y", "width", "height"))
        stroke = f' stroke="{shape.stroke}" stroke-width="0.5"' if shape.stroke else ""
        start = f'<rect {sides} fill="{shape.fill}"{stroke}{fixed}'
        return f"{start}><title>{_text(shape.tooltip)}</title></rect>" if shape.tooltip else f"{start}/>"
    weight = ' font-weight="bold"' if shape.is_bold else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    base = _number(shape.y + LIFT * shape.size)
    return (
        f'<text x="{_number(shape.x)}" y="{base}" font-size="{_number(shape.size)}" fill="{shape.fill}"{anchor}{weight}'
        f"{fixed}>{_text(shape.text)}</text>"
    )


def _text(text: str) -> str:
    return escape("\n".join(map(printable, text.split("\n"))), quote=False)


def _number(value: float) -> str:
    """Return a length without digits that nobody sees."""
    return f"{round(value, 2):g}"
