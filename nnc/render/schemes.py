"""Lets an SVG be light or dark as the reader's system has it."""

from __future__ import annotations

import re

from nnc.render.theme import DARK, LIGHT

FIXED = "fixed"
"""Class of what has the same colour in every theme."""


def dark_colours() -> dict[str, str]:
    """Return what each colour of the light theme is in the dark one."""
    pairs = {name: (getattr(LIGHT, name), getattr(DARK, name)) for name in ("paper", "ink", "faint", "arrow", "kept")}
    for kind, style in LIGHT.styles.items():
        pairs[f"{kind} fill"] = style.fill, DARK.styles[kind].fill
        pairs[f"{kind} border"] = style.border, DARK.styles[kind].border
    return dict(pairs.values())


def follow_the_reader(svg: str) -> str:
    """Return a light SVG with a style that makes it dark where the reader's system is."""
    rules = [
        f'[{key}="{light.lower()}" i]:not(.{FIXED}){{{key}:{dark}}}'
        for light, dark in dark_colours().items()
        for key in ("fill", "stroke")
    ]
    style = f"<style>@media (prefers-color-scheme: dark) {{{' '.join(rules)}}}</style>"
    return re.sub(r"<svg\b[^>]*>", lambda match: f"{match[0]}\n{style}", svg, count=1)
