"""The plot of a family of works: a line for each, a dot for each engine, where nnc on C is 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from benchmarks.families import ENGINES, Family, Work
from nnc.render.letters import reckoned_width
from nnc.render.theme import FONT_FAMILY, LIGHT

_LINE, _RADIUS, _LEFT, _RIGHT, _WIDTH = 30, 5.5, 240, 30, 860
_TOP, _BOTTOM, _GAP, _SIZE = 58, 40, 16, 12
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 1_000, 10_000, 100_000)


def plot(family: Family) -> str:
    """Return an SVG picture: times relative to nnc's on C, on a logarithmic axis."""
    ratios = [time.ratio for work in family.works for time in work.times.values()]
    low, high = min([0.7, *(ratio / 1.15 for ratio in ratios)]), max([2.2, *(ratio * 1.15 for ratio in ratios)])
    left = max([_LEFT, *(math.ceil(reckoned_width(work.name, _SIZE)) + 2 * _GAP for work in family.works)])
    scale = (_WIDTH - left - _RIGHT) / math.log(high / low)

    def place(ratio: float) -> float:
        return left + scale * math.log(ratio / low)

    bottom = _TOP + _LINE * len(family.works)
    height = bottom + _BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        f' font-family="{FONT_FAMILY}" fill="{LIGHT.ink}" font-size="{_SIZE}">',
        f"<title>{escape(family.title)}: times relative to nnc on C</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="{LIGHT.paper}"/>',
        *_legend(family.works),
    ]
    for tick in (tick for tick in _TICKS if low <= tick <= high):
        x = place(tick)
        dashes = "" if tick == 1 else ' stroke-dasharray="2 4" stroke-opacity="0.5"'
        lines.append(f'<path d="M{x:.1f} {_TOP - 8}V{bottom}" stroke="{LIGHT.arrow}"{dashes}/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:,g}×</text>')
    one = place(1)
    lines.append(f'<text x="{one - 6:.1f}" y="{bottom + 33}" text-anchor="end">faster than nnc ←</text>')
    lines.append(f'<text x="{one + 6:.1f}" y="{bottom + 33}">→ slower than nnc on C</text>')
    for index, work in enumerate(family.works):
        y = _TOP + _LINE * index + _LINE / 2
        lines.append(f'<text x="{left - _GAP}" y="{y + 4:.1f}" text-anchor="end">{escape(work.name)}</text>')
        lines += _dots(work, y, place)
    return "\n".join([*lines, "</svg>", ""])


def _legend(works: Sequence[Work]) -> list[str]:
    lines, x = [], 16.0
    for engine in (name for name in ENGINES if any(name in work.times for work in works)):
        lines.append(f'<circle cx="{x:.1f}" cy="22" r="{_RADIUS}" fill="{ENGINES[engine]}"/>')
        lines.append(f'<text x="{x + 10:.1f}" y="26">{escape(engine)}</text>')
        x += 30 + 7 * len(engine)
    return lines


def _dots(work: Work, y: float, place: Callable[[float], float]) -> list[str]:
    """Return the dots of a work; one that would hide another is moved up or down."""
    lines: list[str] = []
    taken: list[tuple[float, float]] = []
    for engine, time in sorted(work.times.items(), key=lambda item: item[1].ratio):
        x = place(time.ratio)
        free = (
            offset
            for offset in (0, -9, 9)
            if all(math.hypot(x - other, offset - shift) >= 2 * _RADIUS - 2 for other, shift in taken)
        )
        shift = next(free, 0)
        taken.append((x, shift))
        said = f"{work.name}: {time.contestant}, {time.ratio:.3g}× the time of nnc on C"
        lines.append(
            f'<circle cx="{x:.1f}" cy="{y + shift:.1f}" r="{_RADIUS}" fill="{ENGINES[engine]}"'
            f' stroke="{LIGHT.paper}"><title>{escape(said)}</title></circle>'
        )
    return lines
