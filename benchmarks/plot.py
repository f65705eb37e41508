"""The targets of the C backend as a picture: a bar for each work, its time over that of the fastest peer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from benchmarks.report import Row
from nnc.render.theme import FONT_FAMILY, LIGHT

_LINE, _BAR, _LEFT, _SCALE, _FULL = 24, 14, 430, 200, 2.0


def plot(rows: Sequence[Row]) -> str:
    """Return an SVG picture of the rows that are targets with a ratio; bars end at twice the peer's time."""
    found = [(row, float(number[0])) for row in rows if row.target and (number := re.findall(r"^[\d.]+", row.ratio))]
    height, width = _LINE * (len(found) + 2), _LEFT + int(_SCALE * _FULL) + 190
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="{FONT_FAMILY}"'
        f' fill="{LIGHT.ink}"'
        ' font-size="12">',
        f'<rect width="{width}" height="{height}" fill="{LIGHT.paper}"/>',
        f'<text x="{_LEFT}" y="16">time of nnc on C; 1 is the fastest peer, the short lines are what is wanted</text>',
    ]
    for index, (row, ratio) in enumerate(found):
        top = _LINE * (index + 1) + 4
        wanted = float(re.findall(r"[\d.]+", row.wanted)[0])
        color, end = LIGHT.styles["update" if row.reached else "loss"].border, _LEFT + _SCALE * min(ratio, _FULL)
        goal = _LEFT + _SCALE * min(wanted, _FULL)
        work = row.work.removesuffix(", on C")
        lines += [
            f'<text x="{_LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(work)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_BAR}" fill="{color}"/>',
            f'<path d="M{goal:.1f} {top - 3}v{_BAR + 6}" stroke="{LIGHT.ink}" stroke-width="2"/>',
            f'<text x="{max(end, goal) + 6:.1f}" y="{top + 12}">{ratio:g}× {escape(row.contestant)}</text>',
        ]
    one = _LEFT + _SCALE
    lines.append(f'<path d="M{one} {_LINE}V{height - _LINE // 2}" stroke="{LIGHT.arrow}" stroke-dasharray="3 3"/>')
    return "\n".join([*lines, "</svg>", ""])
