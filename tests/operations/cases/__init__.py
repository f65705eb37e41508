"""The calls of all operations, by the operation's class in Keras."""

from tests.operations.cases import (
    creation,
    elementwise,
    indexing,
    joining,
    neural,
    patterns,
    products,
    reductions,
    shapes,
)
from tests.operations.cases.case import Call

FAMILIES: dict[str, dict[str, Call]] = {
    "creation": creation.CALLS,
    "elementwise": elementwise.CALLS,
    "indexing": indexing.CALLS,
    "joining": joining.CALLS,
    "neural": neural.CALLS,
    "patterns": patterns.CALLS,
    "products": products.CALLS,
    "reductions": reductions.CALLS,
    "shapes": shapes.CALLS,
}

__all__ = ["FAMILIES", "Call"]
