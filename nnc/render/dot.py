"""Diagrams as DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import pairwise
from typing import Any

from nnc.render.diagram import IDENTITY, Arrow, Box, Branches, Cluster, Diagram, Line, Table
from nnc.render.layout_hints import stacking
from nnc.render.theme import FONT, LIGHT, SIZES, Style, Theme
from nnc.texts import printable

_DOWNWARDS = {"rankdir": "TB", "ranksep": "0.22"}
_SIDEWAYS = {"rankdir": "LR", "ranksep": "0.3"}
_COLUMNS = {"rankdir": "LR", "ranksep": "1.2", "splines": "line"}
"""Frames side by side, with room for the edges between their boxes to be told apart."""


def to_dot(diagram: Diagram, theme: Theme = LIGHT) -> str:
    """Return the DOT text of a diagram; equal diagrams give equal texts."""
    return _Writer(diagram, theme).text()


class _Writer:
    def __init__(self, diagram: Diagram, theme: Theme) -> None:
        self.diagram, self.theme = diagram, theme
        self.has_columns = diagram.is_sideways and bool(diagram.groups)

    def text(self) -> str:
        import graphviz

        theme = self.theme
        dot = graphviz.Digraph(
            graph_attr={
                "bgcolor": theme.paper,
                "fontcolor": theme.ink,
                "fontname": FONT,
                "fontsize": str(SIZES["title"]),
                "label": self.title(),
                "labelloc": "t",
                "newrank": "true",
                "nodesep": "0.25",
                "pad": "0.15",
                **(_COLUMNS if self.has_columns else _SIDEWAYS if self.diagram.is_sideways else _DOWNWARDS),
            },
            node_attr={"fontcolor": theme.ink, "fontname": FONT, "fontsize": str(SIZES["text"])},
            edge_attr={
                "arrowsize": "0.6",
                "color": theme.arrow,
                "fontcolor": theme.faint,
                "fontname": FONT,
                "fontsize": str(SIZES["detail"]),
            },
        )
        self.fill(dot, "")
        for arrow in self.diagram.edges:
            ends = (f"{arrow.start}:e", f"{arrow.end}:w") if self.has_columns else (arrow.start, arrow.end)
            dot.edge(*ends, **self.arrow_attributes(arrow))
        for start, end in stacking(self.diagram):
            dot.edge(start, end, style="invis", weight="0")
        return str(dot.source)

    def fill(self, dot: Any, parent: str) -> None:
        for box in self.diagram.nodes:
            if box.group == parent:
                dot.node(box.key, **self.box_attributes(box))
        for group in self.diagram.groups:
            if group.parent == parent and self.diagram.is_sideways:
                self.column(dot, group)
            elif group.parent == parent:
                # Graphviz draws a frame around a subgraph whose name starts so.
                with dot.subgraph(name=f"cluster_{group.key}", graph_attr=self.group_attributes(group)) as inner:
                    self.fill(inner, group.key)

    def column(self, dot: Any, group: Cluster) -> None:
        """Write a frame's boxes one below the other under its label; Graphviz keeps no order inside a frame."""
        heading = {"label": self.group_attributes(group)["label"], "shape": "plaintext", "margin": "0.02"}
        column = [f"heading_{group.key}", *(box.key for box in self.diagram.nodes if box.group == group.key)]
        with dot.subgraph(graph_attr={"rank": "same"}) as inner:
            inner.node(column[0], fontcolor=self.theme.styles[group.kind].border, **heading)
            self.fill(inner, group.key)
            for upper, lower in pairwise(column):
                inner.edge(upper, lower, style="invis")

    def title(self) -> str:
        rows = [f"<B>{_text(self.diagram.title)}</B>"]
        if self.diagram.legend:
            styles = self.theme.styles
            marks = [f'<FONT COLOR="{styles[kind].border}">■</FONT> {_text(kind)}' for kind in self.diagram.legend]
            rows.append(f'<FONT POINT-SIZE="{SIZES["detail"]}">{" &#160; ".join(marks)}</FONT>')
        return f"<{_table(rows, padding=4)}>"

    def box_attributes(self, box: Box) -> dict[str, str]:
        style = self.theme.styles[box.kind]
        rows = [_line(line) for line in box.lines]
        rows += [self.part(part, style) for part in box.content]
        return {
            "color": style.border,
            "fillcolor": style.fill,
            "label": f"<{_table(rows, padding=1)}>",
            "margin": "0.06,0.01" if style.shape == "ellipse" else "0.12,0.06",
            "shape": style.shape,
            "style": "filled" if style.shape == "ellipse" else "rounded,filled",
            "tooltip": _tooltip(box.tooltip),
        }

    def part(self, part: Line | Branches | Table, style: Style) -> str:
        if isinstance(part, Line):
            return _line(part)
        if isinstance(part, Table):
            return _grid(part.rows)
        cells = "".join(
            f'<TD BORDER="1" COLOR="{style.border}" STYLE="ROUNDED" BGCOLOR="{self.theme.paper}">'
            f"{'<BR/>'.join(_line(Line(text)) for text in column or (IDENTITY,))}</TD>"
            for column in part.columns
        )
        return f'<TABLE BORDER="0" CELLPADDING="3" CELLSPACING="5"><TR>{cells}</TR></TABLE>'

    def group_attributes(self, group: Cluster) -> dict[str, str]:
        border = self.theme.styles[group.kind].border
        note = f'<BR ALIGN="LEFT"/><FONT POINT-SIZE="{SIZES["detail"]}">{_text(group.note)}</FONT><BR ALIGN="LEFT"/>'
        return {
            "color": border,
            "fontcolor": border,
            "fontsize": str(SIZES["text"]),
            "label": f"<<B>{_text(group.label)}</B>{note if group.note else ''}>",
            "labeljust": "l",
            "margin": "10",
            "style": "rounded,dashed",
            "tooltip": _tooltip(group.tooltip or group.label),
        }

    def arrow_attributes(self, arrow: Arrow) -> dict[str, str]:
        # Hard spaces, for Graphviz puts a label next to its arrow, and soft ones are nothing at the end of a line.
        attributes = {"label": f"<&#160;{_text(arrow.label)}&#160;>"} if arrow.label else {}
        if arrow.is_kept:
            # Without weight, for the backward pass should not be pulled up to where the forward pass is.
            attributes |= {"color": self.theme.kept, "style": "dashed", "weight": "0"}
        if arrow.kind:
            attributes["color"] = self.theme.styles[arrow.kind].border
        if arrow.width:
            attributes |= {"arrowhead": "none", "penwidth": f"{arrow.width:.2f}"}
        if arrow.note:
            attributes["edgetooltip"] = _tooltip(arrow.note)
        return attributes


def _line(line: Line) -> str:
    text = f'<FONT POINT-SIZE="{SIZES[line.style]}">{_text(line.text)}</FONT>'
    return f"<B>{text}</B>" if line.style == "title" else text


def _table(rows: Iterable[str], padding: int) -> str:
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLPADDING="{padding}" CELLSPACING="0">{cells}</TABLE>'


def _grid(rows: Iterable[Iterable[str]]) -> str:
    lines = ("".join(f'<TD ALIGN="LEFT">{_line(Line(cell, "detail"))}</TD>' for cell in row) for row in rows)
    cells = "".join(f"<TR>{line}</TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLPADDING="1" CELLSPACING="3">{cells}</TABLE>'


def _text(text: str) -> str:
    # Graphviz reads backslash sequences inside HTML-like labels too, and has no empty labels.
    return escape(printable(text)).replace("\\", "\\\\") or " "


def _tooltip(text: str) -> Any:
    import graphviz

    # Graphviz substitutes backslash sequences in tooltips once or twice, so that no number of backslashes is right.
    return graphviz.nohtml(printable(text).replace("&", "&amp;").replace("\\", "⧵")) if text else " "
