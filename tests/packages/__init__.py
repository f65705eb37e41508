"""Models that published packages build, in nnc and in Keras."""

from tests.packages.models import MODELS

__all__ = ["MODELS"]
