"""Small live models of Keras 3, each with one thing that its author wrote, in a file by what it is."""

from tests.tracing.zoo import (
    attention,
    blocks,
    cells_and_wrappers,
    functions,
    layers,
    libraries,
    loops_and_branches,
    masks_on_tensors,
    models,
    published,
    random,
    shapes_and_masks,
    weights_and_states,
)
from tests.tracing.zoo.registry import ZOO

__all__ = ["ZOO"]
_FILES = (attention, blocks, cells_and_wrappers, functions, layers, libraries, loops_and_branches, models, random)
_MORE = (masks_on_tensors, published, shapes_and_masks, weights_and_states)
