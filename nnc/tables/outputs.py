"""Outputs of a model as probabilities and as classes, whichever of three scales they are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

Array = Any
SCALES = ("probability", "logit", "margin")
"""Kinds of outputs: probabilities, operands of a sigmoid or a softmax, or distances from a boundary."""
_NEAREST = 1e-12
"""The distance of sums of probabilities from 0."""


@dataclass(frozen=True)
class OutputForm:
    """The way to read a model's output, and what its loss takes for a target.

    Args:
        scale: what the outputs are, one of `SCALES`.
        units: outputs of a row.
        is_one_hot: whether the loss takes a column per class, instead of the index.
        is_class: whether the loss is one of classes.
    """

    scale: str
    units: int
    is_one_hot: bool
    is_class: bool


def probabilities(outputs: Array, scale: str, each_by_itself: bool = False) -> Array:
    """Return probabilities: of each class, shape (rows, classes), or of each label by itself.

    Args:
        outputs: what the model puts out, shape (rows, units); one unit is about the second class, those of several
            classes are scaled to sum to 1.
        scale: one of the first two of `SCALES`.
        each_by_itself: whether each unit is about a label.
    """
    is_single = outputs.shape[1] == 1
    if scale == "logit":
        outputs = _sigmoid(outputs) if is_single or each_by_itself else _softmax(outputs)
    if each_by_itself:
        return outputs
    if is_single:
        return numpy.hstack([1.0 - outputs, outputs])
    return outputs / numpy.maximum(outputs.sum(-1, keepdims=True), _NEAREST)


def chosen(outputs: Array, scale: str) -> Array:
    """Return the index of the class that each row of outputs says, shape (rows).

    Args:
        outputs: what the model puts out, shape (rows, units); one unit is about the second of two classes.
        scale: one of `SCALES`.
    """
    if outputs.shape[1] > 1:
        return outputs.argmax(1)
    return (outputs[:, 0] > (0.5 if scale == "probability" else 0.0)).astype(numpy.int64)


def _sigmoid(x: Array) -> Array:
    small = numpy.exp(-numpy.abs(x))
    return numpy.where(x >= 0, 1.0, small) / (1.0 + small)


def _softmax(x: Array) -> Array:
    powers = numpy.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
