"""Pictures of models, graphs and plans, as DOT, Mermaid, text, SVG, PNG and PDF."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.errors import ModelError, nearest
from nnc.ir import Graph
from nnc.plan import Plan
from nnc.render.architecture import Model
from nnc.render.diagram import Arrow, Box, Branches, Cluster, Diagram, Line, Table
from nnc.render.dot import to_dot
from nnc.render.execution_picture import steps_diagram
from nnc.render.formats import FORMATS, SUFFIXES, TEXTS, MemoryPicture, Picture, encode, write, write_as
from nnc.render.image import draw, find_graphviz
from nnc.render.layer_picture import layers_diagram
from nnc.render.mermaid import to_mermaid
from nnc.render.op_picture import ops_diagram
from nnc.render.tree import to_text
from nnc.render.unit_network import units_diagram

LEVELS = ("layers", "units", "ops", "steps", "memory")
Target = Diagram | MemoryPicture | Graph | Plan | Model
"""Things that can be drawn: a model, a graph, a plan, or a picture of one of them."""


def picture_of(target: Target, level: str | None = None, depth: int = 0, expand: Sequence[str] = ()) -> Picture:
    """Return a picture as data: of a model's layers or units, of a graph's ops, or of a plan's steps or memory.

    Args:
        target: a model, a graph, a plan, or a picture, which is returned as it is.
        level: ``layers``, ``units``, ``ops``, ``steps`` or ``memory``; None takes the target's own, which is ``layers``
            for a model and ``steps`` for a plan. ``units`` draws each unit of a network of dense layers, with the
            weights that it has now.
        depth: of a picture of layers, see `layers_diagram`.
        expand: of a picture of layers or ops, see `layers_diagram` and `ops_diagram`.

    Raises:
        ModelError: the level is unknown, or the target has no such level; or nothing in the picture can be
            opened, or is called so.
    """
    if level is not None and level not in LEVELS:
        known = f"{', '.join(map(repr, LEVELS[:-1]))} or {LEVELS[-1]!r}"
        raise ModelError(f"a picture's level must be {known}, got {level!r}.{nearest(level, LEVELS)}")
    _check_opened(target, level, depth, expand)
    if isinstance(target, Diagram | MemoryPicture):
        return target
    if isinstance(target, Plan):
        if level in ("layers", "units", "ops"):
            raise ModelError(
                f"plan '{target.source.name}' has steps and memory, not {level}; draw the model or the graph"
            )
        return MemoryPicture(target) if level == "memory" else steps_diagram(target)
    if isinstance(target, Graph):
        if level not in (None, "ops"):
            raise ModelError(f"graph '{target.name}' has ops, not {level}; draw the model, or a plan of the graph")
        return ops_diagram(target, expand=expand)
    if level == "units":
        return units_diagram(target)
    if level not in (None, "layers"):
        raise ModelError(
            f"model '{target.name}' has layers and units, not {level}; draw one of the graphs it is compiled into, "
            "or its plan"
        )
    return layers_diagram(target, depth, expand)


def _check_opened(target: Target, level: str | None, depth: int, expand: Sequence[str]) -> None:
    """Refuse to open what a picture does not have.

    Raises:
        ModelError: it has no layers or ops.
    """
    if isinstance(target, Diagram | MemoryPicture):
        drawn, what = "", "what is a picture already"
    else:
        default = "steps" if isinstance(target, Plan) else "ops" if isinstance(target, Graph) else "layers"
        drawn = level or default
        what = f"a picture of {drawn}"
    if depth and drawn != "layers":
        raise ModelError(f"'depth' opens models and blocks in a picture of layers, not in {what}; leave it out")
    if expand and drawn not in ("layers", "ops"):
        raise ModelError(f"'expand' opens what a picture of layers or ops has in one box, not {what}; leave it out")


def render(
    target: Target,
    level: str | None = None,
    format: str = "dot",
    theme: str = "light",
    depth: int = 0,
    expand: Sequence[str] = (),
) -> str:
    """Return a picture as text.

    Args:
        target: a model, a graph, a plan or a picture.
        level: as of `picture_of`.
        format: ``dot``, ``mermaid``, ``txt`` or ``svg``.
        theme: ``light``, ``dark``, or for ``svg`` also ``auto``: as the reader's system has it.
        depth: of a picture of layers, see `layers_diagram`.
        expand: of a picture of layers or ops, see `layers_diagram` and `ops_diagram`.

    Raises:
        ModelError: level, format or theme is unknown, or the target has no such level.
        NncError: Graphviz is needed and not installed, or cannot draw the picture.
    """
    if format not in TEXTS:
        known = f"{', '.join(map(repr, TEXTS[:-1]))} or {TEXTS[-1]!r}"
        raise ModelError(f"a picture's format as text must be {known}, got {format!r}.{nearest(format, TEXTS)}")
    return encode(picture_of(target, level, depth, expand), format, theme).decode()


__all__ = [
    "FORMATS",
    "LEVELS",
    "SUFFIXES",
    "Arrow",
    "Box",
    "Branches",
    "Diagram",
    "Cluster",
    "Line",
    "MemoryPicture",
    "Model",
    "Picture",
    "Table",
    "Target",
    "draw",
    "encode",
    "find_graphviz",
    "layers_diagram",
    "ops_diagram",
    "picture_of",
    "render",
    "steps_diagram",
    "to_dot",
    "to_mermaid",
    "to_text",
    "units_diagram",
    "write",
    "write_as",
]
