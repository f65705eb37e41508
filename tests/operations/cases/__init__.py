"""The calls of all operations, by the operation's class in Keras."""

from tests.operations.cases import (
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
    segments,
    shapes,
    special_numbers,
    trigonometry,
    whole_numbers,
)
from tests.operations.cases.case import Call

FAMILIES: dict[str, dict[str, Call]] = {
    "creation": creation.CALLS,
    "elementwise": elementwise.CALLS,
    "indexing": indexing.CALLS,
    "joining": joining.CALLS,
    "missing_numbers": missing_numbers.CALLS,
    "neural": neural.CALLS,
    "ordering": ordering.CALLS,
    "patterns": patterns.CALLS,
    "products": products.CALLS,
    "quantiles": quantiles.CALLS,
    "reductions": reductions.CALLS,
    "segments": segments.CALLS,
    "shapes": shapes.CALLS,
    "special_numbers": special_numbers.CALLS,
    "trigonometry": trigonometry.CALLS,
    "whole_numbers": whole_numbers.CALLS,
}

__all__ = ["FAMILIES", "Call"]
