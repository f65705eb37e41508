"""A graph as a picture of its ops, as closely as a page has room for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nnc.ir import Graph
from nnc.render.compact_ops import in_blocks, in_rows, one_by_one
from nnc.render.diagram import Diagram
from nnc.render.expansion import EVERYTHING, check_names
from nnc.render.heights import estimated_height
from nnc.render.op_diagram import OpsDrawing, prefixes

PAGE_HEIGHT = 3000
"""Points that a picture may be high before ops share boxes."""
HEADING = 85
"""Points of the title, the legend and the margins."""
MOST_BOXES = 300
"""Boxes that a picture may have before ops share them: Graphviz needs minutes for a thousand."""
BLOCK_LINES = (1, 2, 4, 8, 16, 32, 64, 128)
"""Lines of a box that has the ops of several layers, tried one after the other."""


def ops_diagram(graph: Graph, kept_arrows: int = 8, expand: Sequence[str] = ()) -> Diagram:
    """Return a diagram with a box per op, per input, per output and per update.

    What comes several times in a row with the same wiring is drawn once, in a frame that says ×N. Where the picture
    would be higher than `PAGE_HEIGHT`, ops that only follow each other are one box; where that is not enough, layers
    are, or several that follow each other.

    State and constants have no boxes of their own, for their arrows would cover the picture: they are
    written into the boxes that read them.

    Args:
        graph: what to draw, before or after fusion.
        kept_arrows: how many arrows may lead from the forward to the backward pass; where there are more, none of
            them is drawn, and what the backward pass keeps is written into its boxes by name.
        expand: names of layers, or of what they are in, whose ops are drawn one by one, wherever they come; ``all``
            does so with every op.

    Raises:
        ModelError: no layer of the graph is called as what is to be expanded.
    """
    paths = [prefix for node in graph.nodes if node.path for prefix in prefixes(node.path)]
    check_names(f"graph '{graph.name}'", "op", paths, expand)
    drawing = OpsDrawing(graph, kept_arrows, expand)
    diagram = one_by_one(drawing)
    if EVERYTHING in expand or _fits(drawing, diagram):
        return diagram
    blocks = [partial(in_blocks, drawing, lines, opens_rounds=False) for lines in BLOCK_LINES]
    for draw in (partial(in_rows, drawing), partial(in_blocks, drawing, 1, opens_rounds=True), *blocks):
        diagram = draw()
        if _fits(drawing, diagram):
            break
    return diagram


def _fits(drawing: OpsDrawing, diagram: Diagram) -> bool:
    """Whether a picture fits a page; passes with no arrows in between may stand one below the other."""
    stacked = ("forward", "backward") if drawing.kept else None
    return len(diagram.nodes) <= MOST_BOXES and estimated_height(diagram, stacked) + HEADING <= PAGE_HEIGHT
