"""Operations of `keras.ops` as functions of graph values, by their classes in Keras."""

from collections.abc import Mapping

from nnc.operations import (
    creation,
    elementwise,
    indexing,
    joining,
    missing_numbers,
    neural,
    ordering,
    patterns,
    products,
    quantiles,
    reductions,
    scattering,
    segments,
    shapes,
    special_numbers,
    trigonometry,
    whole_numbers,
)
from nnc.operations.registry import Definition, known

OPERATIONS: Mapping[str, Definition] = known()
"""All operations by their classes."""

__all__ = [
    "OPERATIONS",
    "Definition",
    "creation",
    "elementwise",
    "indexing",
    "joining",
    "missing_numbers",
    "neural",
    "ordering",
    "patterns",
    "products",
    "quantiles",
    "reductions",
    "scattering",
    "segments",
    "shapes",
    "special_numbers",
    "trigonometry",
    "whole_numbers",
]
