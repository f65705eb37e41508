"""A model as a picture of its layers, from input to output; what repeats is drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from nnc.render.architecture import Model
from nnc.render.diagram import Diagram
from nnc.render.expansion import EVERYTHING, check_names
from nnc.render.heights import estimated_height
from nnc.render.layer_diagram import Detail, LayerDrawing
from nnc.render.layer_figures import Figures
from nnc.render.outline import Outline

PAGE_HEIGHT = 1400
"""Points that a picture may be high before more of it is put into one box: a page of A4, at half its size."""


def layers_diagram(model: Model, depth: int = 0, expand: Sequence[str] = ()) -> Diagram:
    """Return a diagram with a box per input, per layer, and per output.

    A model that is a layer, and layers or blocks of layers that come several times in a row with the same configs and
    wiring, are one box each, which says what is inside and how often. Where the picture would not fit a page, blocks
    that come once are one box as well. Layers are numbered ``Layer1`` to ``LayerN`` in topological order; a layer that
    is called twice keeps its number, and those of a model in it are ``Layer3.1``, ``Layer3.2``, and so on. A model
    whose class says in `call` what is computed is opened: it shows the layers that it calls.

    Args:
        model: what to draw.
        depth: how many levels of models and repeated blocks are opened, each into a frame.
        expand: names of models, blocks, or layers in them, that are opened; ``all`` draws every layer by itself.

    Raises:
        ModelError: the model is not built, a call reads a tensor that nothing before it makes, or nothing is called as
            what is to be expanded.
    """
    everything = EVERYTHING in expand
    outline = Outline(model, folds=not everything)
    figures = Figures(model, outline)
    paths = [path for node in outline.nodes if not node.is_input for path in node.layer_names]
    check_names(f"model '{outline.name}'", "layer", paths, expand)
    names = frozenset(expand)
    if getattr(model, "is_authored", False):  # all that is drawn of it is one layer, the model itself
        depth = max(depth, 1)
    if depth or everything:
        return LayerDrawing(figures, Detail(inf if everything else depth, names)).diagram()
    details = [Detail(0, names, *([True] * count)) for count in range(4)]
    for detail in details:
        diagram = LayerDrawing(figures, detail).diagram()
        if estimated_height(diagram) <= PAGE_HEIGHT:
            break
    return diagram
