"""KerasHub's backbones with random weights, in nnc and in Keras."""

from tests.hub import mixed, text, vision
from tests.hub.table import BACKBONES

__all__ = ["BACKBONES", "mixed", "text", "vision"]
