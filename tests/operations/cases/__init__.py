"""The calls of all operations, by the operation's class in Keras."""

from tests.operations.cases import (
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
from tests.operations.cases.case import Call

FAMILIES: dict[str, dict[str, Call]] = {
    "attention": attention.CALLS,
    "creation": creation.CALLS,
    "elementwise": elementwise.CALLS,
    "images": images.CALLS,
    "linalg": linalg.CALLS,
    "losses": losses.CALLS,
    "neural": neural.CALLS,
    "normalization": normalization.CALLS,
    "products": products.CALLS,
    "reductions": reductions.CALLS,
    "shapes": shapes.CALLS,
    "spectra": spectra.CALLS,
    "windows": windows.CALLS,
}

__all__ = ["FAMILIES", "Call"]
