"""Operations of `keras.ops` as functions of graph values, by their classes in Keras."""

from collections.abc import Mapping

from nnc.operations import (
    attention,
    creation,
    elementwise,
    images,
    linalg,
    losses,
    neural,
    normalization,
    products,
    reductions,
    shapes,
    spectra,
    windows,
)
from nnc.operations.registry import Definition, known

OPERATIONS: Mapping[str, Definition] = known()
"""All operations by their classes."""

__all__ = [
    "OPERATIONS",
    "Definition",
    "attention",
    "creation",
    "elementwise",
    "images",
    "linalg",
    "losses",
    "neural",
    "normalization",
    "products",
    "reductions",
    "shapes",
    "spectra",
    "windows",
]
