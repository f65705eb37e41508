"""Classes as targets that a loss takes, and a model's outputs as scores, probabilities and classes."""

from __future__ import annotations

from typing import Any

import numpy

from nnc import losses
from nnc.losses.registry import as_loss
from nnc.models import Model
from nnc.tables.outputs import probabilities as outputs_as_probabilities

Array = Any
_NEAREST = 1e-12
"""The distance of probabilities from 0 and 1 that keeps their logarithms finite."""


def loss_of(model: Model) -> losses.Loss:
    """Return a model's loss."""
    return as_loss(model.objective.loss)


def is_margin(loss: losses.Loss) -> bool:
    """Return whether a loss takes distances from a boundary, from which no probabilities can be made."""
    return isinstance(loss, losses.Hinge | losses.SquaredHinge | losses.CategoricalHinge)


def takes_logits(loss: losses.Loss) -> bool:
    """Return whether a loss takes the operands of a sigmoid or a softmax."""
    return bool(loss.get_config().get("from_logits", False))


def encode(indices: Array, count: int, model: Model) -> Array:
    """Return class indices in the form that a model's loss takes: as they are, as a column, or one-hot.

    Args:
        indices: an index per row.
        count: number of classes.
        model: the compiled model.
    """
    target = model.program.spec.targets[0]
    if target.classes or target.shape[-1:] == (1,):
        return indices
    return numpy.eye(count, dtype="float32")[indices]


def probabilities(outputs: Array, loss: losses.Loss, each_by_itself: bool) -> Array:
    """Return probabilities: of each class, shape (rows, classes), or of each label by itself.

    Args:
        outputs: what the model puts out, shape (rows, units); see `nnc.tables.outputs.probabilities`.
        loss: its loss.
        each_by_itself: whether each unit is the probability of a label.
    """
    found: Array = outputs_as_probabilities(outputs, "logit" if takes_logits(loss) else "probability", each_by_itself)
    return found


def scores(outputs: Array, loss: losses.Loss, each_by_itself: bool) -> Array:
    """Return numbers that rise with the confidence: above 0 for the second of two classes, the largest for one of many.

    They are logits, where the loss takes these or probabilities, and otherwise what the model puts out.

    Args:
        outputs: what the model puts out, shape (rows, units).
        loss: its loss.
        each_by_itself: whether each unit is about a label of its own.

    Returns:
        Shape (rows) for two classes, otherwise (rows, classes) or (rows, labels).
    """
    is_single = outputs.shape[1] == 1
    if not is_margin(loss) and not takes_logits(loss):
        logarithms = numpy.log(numpy.clip(outputs, _NEAREST, 1.0))
        others = numpy.log(numpy.clip(1.0 - outputs, _NEAREST, 1.0)) if is_single or each_by_itself else 0.0
        outputs = logarithms - others
    if each_by_itself or outputs.shape[1] > 2:
        return outputs
    return outputs[:, 0] if is_single else outputs[:, 1] - outputs[:, 0]
