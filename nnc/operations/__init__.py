"""Operations of `keras.ops` as functions of graph values, by their classes in Keras."""

from collections.abc import Mapping

from nnc.operations import (
    attention,
    correlation,
    creation,
    elementwise,
    images,
    indexing,
    joining,
    linalg,
    losses,
    missing_numbers,
    neural,
    normalization,
    ordering,
    patterns,
    products,
    quantiles,
    reductions,
    scattering,
    segments,
    shapes,
    special_numbers,
    spectra,
    trigonometry,
    whole_numbers,
    windows,
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
    "attention",
    "images",
    "linalg",
    "losses",
    "normalization",
    "spectra",
    "windows",
]
