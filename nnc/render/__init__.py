"""Pictures of models and graphs: DOT, Mermaid, SVG and PNG."""

from __future__ import annotations

from nnc.errors import ModelError, nearest
from nnc.ir import Graph
from nnc.render.diagram import Arrow, Box, Diagram, Group, Line
from nnc.render.dot import to_dot
from nnc.render.image import draw, find_graphviz, write
from nnc.render.layers import Model, layers_diagram
from nnc.render.mermaid import to_mermaid
from nnc.render.ops import ops_diagram

FORMATS = {"dot": to_dot, "mermaid": to_mermaid}
LEVELS = ("layers", "ops")


def diagram_of(target: Diagram | Graph | Model, level: str | None = None) -> Diagram:
    """Return the diagram of a model's layers or of a graph's ops.

    Args:
        target: a model, a graph, or a diagram, which is returned as it is.
        level: ``layers`` or ``ops``; None takes the target's own.

    Raises:
        ModelError: the level is unknown, or the target has no such level.
    """
    if level is not None and level not in LEVELS:
        raise ModelError(f"a picture's level must be 'layers' or 'ops', got {level!r}.{nearest(level, LEVELS)}")
    if isinstance(target, Diagram):
        return target
    if isinstance(target, Graph):
        if level == "layers":
            raise ModelError(f"graph '{target.name}' has ops, not layers; draw the model, or choose the level 'ops'")
        return ops_diagram(target)
    if level == "ops":
        raise ModelError(f"model '{target.name}' has layers, not ops; draw one of the graphs it is compiled into")
    return layers_diagram(target)


def render(target: Diagram | Graph | Model, level: str | None = None, format: str = "dot") -> str:
    """Return a picture as text.

    Args:
        target: a model, a graph or a diagram.
        level: as of `diagram_of`.
        format: ``dot`` or ``mermaid``.

    Raises:
        ModelError: the level or the format is unknown, or the target has no such level.
    """
    if format not in FORMATS:
        raise ModelError(f"a picture's format must be 'dot' or 'mermaid', got {format!r}.{nearest(format, FORMATS)}")
    return FORMATS[format](diagram_of(target, level))


__all__ = [
    "FORMATS",
    "LEVELS",
    "Arrow",
    "Box",
    "Diagram",
    "Group",
    "Line",
    "Model",
    "diagram_of",
    "draw",
    "find_graphviz",
    "layers_diagram",
    "ops_diagram",
    "render",
    "to_dot",
    "to_mermaid",
    "write",
]
