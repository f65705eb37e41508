"""Diagrams as Mermaid flowcharts, which GitHub and many editors draw inside Markdown."""

from __future__ import annotations

import json
import re

from nnc.render.diagram import Box, Cluster, Diagram
from nnc.render.theme import DARK, LIGHT, Theme
from nnc.texts import printable

SHAPES = {"box": ("(", ")"), "ellipse": ("([", "])")}
SPECIAL = re.compile(r"""["'#&;<>\\`*~\[{}|$]|(?<![^\W_])_|_(?![^\W_])""")
"""Characters that Mermaid, Markdown or HTML may read as syntax; an underscore only at the end of a word."""


def to_mermaid(diagram: Diagram, theme: Theme = LIGHT) -> str:
    """Return the Mermaid text of a diagram; equal diagrams give equal texts."""
    lines = ["---", f"title: {json.dumps(printable(diagram.title), ensure_ascii=False)}"]
    lines += ["config: {theme: dark}"] if theme is DARK else []
    lines += ["---", f"flowchart {'LR' if diagram.is_sideways else 'TB'}", *_inside(diagram, "", "  ", theme)]
    for arrow in diagram.edges:
        label = f'|"{_text(arrow.label)}"|' if arrow.label else ""
        line = "-.->" if arrow.is_kept else "---" if arrow.width else "-->"
        lines.append(f"  {arrow.start} {line}{label} {arrow.end}")
    for number, arrow in enumerate(diagram.edges):
        if arrow.width:
            colour = theme.styles[arrow.kind].border if arrow.kind else theme.arrow
            lines.append(f"  linkStyle {number} stroke:{colour},stroke-width:{arrow.width:.2f}px")
    for kind in sorted({record.kind for record in diagram.nodes}):
        style = theme.styles[kind]
        lines.append(f"  classDef {kind} fill:{style.fill},stroke:{style.border},color:{theme.ink}")
    for group in diagram.groups:
        border = theme.styles[group.kind].border
        lines.append(f"  style {group.key} fill:none,stroke:{border},color:{border},stroke-dasharray:4 3")
    return "\n".join(lines) + "\n"


def _inside(diagram: Diagram, parent: str, indent: str, theme: Theme) -> list[str]:
    lines = [f"{indent}{_box(box, theme)}" for box in diagram.nodes if box.group == parent]
    for group in diagram.groups:
        if group.parent == parent:
            lines.append(f'{indent}subgraph {group.key}["{_group_label(group)}"]')
            lines += _inside(diagram, group.key, f"{indent}  ", theme)
            lines.append(f"{indent}end")
    return lines


def _group_label(group: Cluster) -> str:
    note = f" <small>{_text(group.note)}</small>" if group.note else ""
    return f"<b>{_text(group.label)}</b>{note}"


def _box(box: Box, theme: Theme) -> str:
    opening, closing = SHAPES[theme.styles[box.kind].shape]
    texts = []
    for line in (*box.lines, *box.inner_lines()):
        text = _text(line.text)
        texts.append({"title": f"<b>{text}</b>", "detail": f"<small>{text}</small>"}.get(line.style, text))
    return f'{box.key}{opening}"{"<br>".join(texts)}"{closing}:::{box.kind}'


def _text(text: str) -> str:
    return SPECIAL.sub(lambda match: f"#{ord(match[0])};", printable(text))
