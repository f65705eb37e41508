"""The calls of all operations, by the operation's class in Keras."""

from tests.operations.cases import (
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
from tests.operations.cases.case import Call

FAMILIES: dict[str, dict[str, Call]] = {
    "correlation": correlation.CALLS,
    "creation": creation.CALLS,
    "elementwise": elementwise.CALLS,
    "missing_numbers": missing_numbers.CALLS,
    "neural": neural.CALLS,
    "ordering": ordering.CALLS,
    "products": products.CALLS,
    "quantiles": quantiles.CALLS,
    "reductions": reductions.CALLS,
    "segments": segments.CALLS,
    "shapes": shapes.CALLS,
}

__all__ = ["FAMILIES", "Call"]
