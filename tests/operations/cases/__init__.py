"""The calls of all operations, by the operation's class in Keras."""

from tests.operations.cases import (
    creation,
    elementwise,
    neural,
    products,
    reductions,
    shapes,
    special_numbers,
    trigonometry,
    whole_numbers,
)
from tests.operations.cases.case import Call

FAMILIES: dict[str, dict[str, Call]] = {
    "creation": creation.CALLS,
    "elementwise": elementwise.CALLS,
    "neural": neural.CALLS,
    "products": products.CALLS,
    "reductions": reductions.CALLS,
    "shapes": shapes.CALLS,
    "special_numbers": special_numbers.CALLS,
    "trigonometry": trigonometry.CALLS,
    "whole_numbers": whole_numbers.CALLS,
}

__all__ = ["FAMILIES", "Call"]
