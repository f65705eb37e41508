"""Scenes as DOT with every place given, which Graphviz draws as they are: ``neato -n``."""

from __future__ import annotations

from typing import Any

from nnc.render.scene import Rect, Rule, Scene, Text
from nnc.render.theme import FONT
from nnc.texts import printable

INCH = 72
"""Points of an inch, in which DOT has sizes."""


def scene_dot(scene: Scene) -> str:
    """Return the DOT text of a scene; equal scenes give equal texts."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={
            "bgcolor": scene.ground,
            "layout": "neato",
            "notranslate": "true",
            "outputorder": "nodesfirst",
            "pad": "0",
        },
        node_attr={"fixedsize": "true", "fontname": FONT, "margin": "0", "penwidth": "0.5"},
        edge_attr={"arrowhead": "none"},
    )
    writer = _Writer(dot, scene)
    # The ground is as large as the picture, so that Graphviz, which cuts off what is empty, keeps its margins.
    writer.rect(Rect(0, 0, scene.width, scene.height, scene.ground))
    for shape in scene.shapes:
        if isinstance(shape, Rect):
            writer.rect(shape)
        elif isinstance(shape, Rule):
            writer.rule(shape)
        else:
            writer.text(shape)
    return str(dot.source)


class _Writer:
    def __init__(self, dot: Any, scene: Scene) -> None:
        self.dot, self.scene = dot, scene
        self.count = 0

    def key(self) -> str:
        self.count += 1
        return f"shape{self.count}"

    def place(self, x: float, y: float) -> str:
        """Return a position; DOT counts from the lower left."""
        return f"{round(x, 2):g},{round(self.scene.height - y, 2):g}!"

    def rect(self, rect: Rect) -> None:
        import graphviz

        tooltip = printable(rect.tooltip.replace("\n", "; ")).replace("&", "&amp;").replace("\\", "⧵")
        self.dot.node(
            self.key(),
            color=rect.stroke or "transparent",
            fillcolor=rect.fill,
            height=f"{rect.height / INCH:.4f}",
            label="",
            pos=self.place(rect.x + rect.width / 2, rect.y + rect.height / 2),
            shape="box",
            style="filled",
            tooltip=graphviz.nohtml(tooltip) if tooltip else " ",
            width=f"{rect.width / INCH:.4f}",
        )

    def rule(self, rule: Rule) -> None:
        ends = self.key(), self.key()
        for key, x, y in zip(ends, (rule.x1, rule.x2), (rule.y1, rule.y2), strict=True):
            self.dot.node(key, height="0", label="", pos=self.place(x, y), shape="point", style="invis", width="0")
        style = "dashed" if rule.is_dashed else "solid"
        self.dot.edge(*ends, color=rule.stroke, penwidth=f"{rule.width:g}", style=style)

    def text(self, text: Text) -> None:
        import graphviz

        width, height = text.width, 1.4 * text.size
        shift = {"start": width / 2, "middle": 0, "end": -width / 2}[text.anchor]
        # A line that ends so stands at the left or right side of its node, however wide Graphviz takes it to be.
        side = {"start": "\\l", "middle": "", "end": "\\r"}[text.anchor]
        self.dot.node(
            self.key(),
            fontcolor=text.fill,
            fontname=f"{FONT}-Bold" if text.is_bold else FONT,
            fontsize=f"{text.size:g}",
            height=f"{height / INCH:.4f}",
            label=graphviz.escape(printable(text.text)) + side,
            pos=self.place(text.x + shift, text.y),
            shape="none",
            width=f"{width / INCH:.4f}",
        )
