"""Models: layers wired together, with Keras's methods."""

from nnc.models.model import Model
from nnc.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
