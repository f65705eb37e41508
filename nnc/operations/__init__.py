"""Operations of `keras.ops` as functions of graph values, by their classes in Keras."""

from collections.abc import Mapping

from nnc.operations import (
    correlation,
    creation,
    elementwise,
    missing_numbers,
    neural,
    ordering,
    products,
    quantiles,
    reductions,
    segments,
    shapes,
)
from nnc.operations.registry import Definition, known

OPERATIONS: Mapping[str, Definition] = known()
"""All operations by their classes."""

__all__ = [
    "OPERATIONS",
    "Definition",
    "correlation",
    "creation",
    "elementwise",
    "missing_numbers",
    "neural",
    "ordering",
    "products",
    "quantiles",
    "reductions",
    "segments",
    "shapes",
]
