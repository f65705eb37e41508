"""Diagrams as DOT, the language of Graphviz."""

from __future__ import annotations

from html import escape
from typing import Any

from nnc.render.diagram import Arrow, Box, Diagram, Group
from nnc.render.stacking import stacking
from nnc.render.text import printable
from nnc.render.theme import ARROW, FAINT, FONT, INK, KEPT, PAPER, SIZES, STYLES


def to_dot(diagram: Diagram) -> str:
    """Return the DOT text of a diagram; equal diagrams give equal texts."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={
            "bgcolor": PAPER,
            "fontcolor": INK,
            "fontname": FONT,
            "fontsize": str(SIZES["title"]),
            "label": _title(diagram),
            "labelloc": "t",
            "newrank": "true",
            "nodesep": "0.25",
            "pad": "0.15",
            "rankdir": "TB",
            "ranksep": "0.35",
        },
        node_attr={"fontcolor": INK, "fontname": FONT, "fontsize": str(SIZES["text"])},
        edge_attr={
            "arrowsize": "0.6",
            "color": ARROW,
            "fontcolor": FAINT,
            "fontname": FONT,
            "fontsize": str(SIZES["detail"]),
        },
    )
    _fill(dot, diagram, "")
    for arrow in diagram.edges:
        dot.edge(arrow.start, arrow.end, **_arrow_attributes(arrow))
    for start, end in stacking(diagram):
        dot.edge(start, end, style="invis", weight="0")
    return str(dot.source)


def _fill(dot: Any, diagram: Diagram, parent: str) -> None:
    for box in diagram.nodes:
        if box.group == parent:
            dot.node(box.key, **_box_attributes(box))
    for group in diagram.groups:
        if group.parent == parent:
            # Graphviz draws a frame around a subgraph whose name starts so.
            with dot.subgraph(name=f"cluster_{group.key}", graph_attr=_group_attributes(group)) as inner:
                _fill(inner, diagram, group.key)


def _title(diagram: Diagram) -> str:
    rows = [f"<B>{_text(diagram.title)}</B>"]
    if diagram.legend:
        marks = [f'<FONT COLOR="{STYLES[kind].border}">■</FONT> {_text(kind)}' for kind in diagram.legend]
        rows.append(f'<FONT POINT-SIZE="{SIZES["detail"]}">{" &#160; ".join(marks)}</FONT>')
    return _table(rows, padding=4)


def _table(rows: list[str], padding: int) -> str:
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLPADDING="{padding}" CELLSPACING="0">{cells}</TABLE>>'


def _box_attributes(box: Box) -> dict[str, str]:
    style = STYLES[box.kind]
    rows = []
    for line in box.lines:
        text = f'<FONT POINT-SIZE="{SIZES[line.style]}">{_text(line.text)}</FONT>'
        rows.append(f"<B>{text}</B>" if line.style == "title" else text)
    return {
        "color": style.border,
        "fillcolor": style.fill,
        "label": _table(rows, padding=1),
        "margin": "0.06,0.01" if style.shape == "ellipse" else "0.12,0.06",
        "shape": style.shape,
        "style": "filled" if style.shape == "ellipse" else "rounded,filled",
        "tooltip": _tooltip(box.tooltip),
    }


def _group_attributes(group: Group) -> dict[str, str]:
    style = STYLES[group.kind]
    note = f'<BR ALIGN="LEFT"/><FONT POINT-SIZE="{SIZES["detail"]}">{_text(group.note)}</FONT><BR ALIGN="LEFT"/>'
    return {
        "color": style.border,
        "fontcolor": style.border,
        "fontsize": str(SIZES["text"]),
        "label": f"<<B>{_text(group.label)}</B>{note if group.note else ''}>",
        "labeljust": "l",
        "margin": "10",
        "style": "rounded,dashed",
        "tooltip": _tooltip(group.label),
    }


def _arrow_attributes(arrow: Arrow) -> dict[str, str]:
    attributes = {"label": f"< {_text(arrow.label)} >"} if arrow.label else {}
    if arrow.is_kept:
        # Without weight, for the backward pass should not be pulled up to where the forward pass is.
        attributes |= {"color": KEPT, "style": "dashed", "weight": "0"}
    return attributes


def _text(text: str) -> str:
    # Graphviz reads backslash sequences inside HTML-like labels too, and has no empty labels.
    return escape(printable(text)).replace("\\", "\\\\") or " "


def _tooltip(text: str) -> Any:
    import graphviz

    # Graphviz substitutes backslash sequences in tooltips once or twice, so that no number of backslashes is right.
    return graphviz.nohtml(printable(text).replace("&", "&amp;").replace("\\", "⧵")) if text else " "
