"""Counts of targets between thresholds, from which all confusion counts, rates and curves follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.checks import is_number, plain_number
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Greater, NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.ir.ops.sizes import Iota
from nnc.losses.operands import like_output
from nnc.metrics.sums import spread
from nnc.results.curves import Confusion

LOWEST = -1e10
"""The value of scores that are not among the largest; Keras's ``NEG_INF``."""


CONFUSION = ("true_positives", "false_positives", "true_negatives", "false_negatives")
"""The counts at a threshold, in the order of Keras's variables."""


@dataclass(frozen=True)
class Thresholds:
    """Numbers that an output is compared with.

    Args:
        values: the thresholds, ascending.
        order: the place of each given threshold among them.
        is_even: whether they cut 0 … 1 into equal parts, so that a product takes the place of comparisons.
        opens_below: whether the first lies a little below 0, so that every output is above it.
    """

    values: tuple[float, ...]
    order: tuple[int, ...]
    is_even: bool
    opens_below: bool = False

    @staticmethod
    def of(given: Sequence[float]) -> Thresholds:
        """Return thresholds as a user gives them."""
        places = [int(place) for place in numpy.argsort(given, kind="stable")]
        values = tuple(float(given[place]) for place in places)
        return Thresholds(values, tuple(places.index(number) for number in range(len(places))), is_even(given))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that `nnc.results.curves.Confusion.of` reads."""
        return {"order": list(self.order)}

    def below(self, scores: Value) -> Value:
        """Return for each score how many thresholds it is above, int32 of the same shape."""
        if self.is_even:
            scaled = ops.clip(scores, 0.0, 1.0) * float(len(self.values) - 1)
            count = -ops.floor(-scaled)
            return ops.cast(ops.maximum(count, 1.0) if self.opens_below else count, "int32")
        if len(self.values) == 1:
            return apply(Greater(dtype="int32"), scores, self.values[0])
        numbers = scores.graph.constant(self.values, scores.dtype)
        return ops.sum(apply(Greater(dtype="int32"), ops.reshape(scores, (*scores.shape, 1)), numbers), -1)


def is_even(thresholds: Sequence[float]) -> bool:
    """Return whether thresholds cut 0 … 1 into equal parts, as near as Keras asks for."""
    count = len(thresholds)
    return count > 2 and numpy.allclose(thresholds, numpy.arange(count, dtype="float32") / (count - 1), atol=1e-7)


def check_thresholds(where: str, key: str, given: Any) -> Any:
    """Return one threshold or several.

    Raises:
        ModelError: one of them is not a number from 0 to 1.
    """
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        raise ModelError(f"{where}: {key} must not be empty")
    wrong = [number for number in several if not is_number(number) or not 0.0 <= number <= 1.0]
    if wrong:
        raise ModelError(f"{where}: Threshold values must be in [0, 1]. Received: {wrong}")
    checked = [plain_number(number) for number in several]
    return checked if isinstance(given, list | tuple) else checked[0]


def counts_at(thresholds: Thresholds, sums: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Return counts at thresholds by their names, as Keras has them: a number, or a row per label, per threshold.

    Args:
        thresholds: what scores were compared with.
        sums: what `count_targets` has added up, or zeros without axes.
        names: which of `CONFUSION`.
    """
    count = len(thresholds.values)
    if not sums[0].ndim:
        return [numpy.zeros(count, sums[0].dtype) for _ in names]
    confusion = Confusion.of(sums, thresholds.settings)
    found = [numpy.atleast_1d(getattr(confusion, name)).astype(sums[0].dtype) for name in names]
    return [array.reshape(-1, 1) if count == 1 and sums[0].ndim > 2 else array.T for array in found]


def count_targets(
    y_true: Value,
    y_pred: Value,
    thresholds: Thresholds,
    weights: Value | None = None,
    label_weights: Sequence[float] | None = None,
    by_label: bool = False,
    what: str = "metric",
) -> Value:
    """Return the weight of the targets of 0, and of others, by how many thresholds the output is above.

    Args:
        y_true: targets, 0 or anything else, of y_pred's shape.
        y_pred: scores, shape (batch, …, labels).
        thresholds: what the scores are compared with.
        weights: weights of shape (batch), or of more of the output's axes.
        label_weights: a weight for each label.
        by_label: whether labels are counted each for itself.
        what: the metric, for messages.

    Returns:
        Shape (2, thresholds + 1), or (2, labels, thresholds + 1).
    """
    labels, buckets = (y_pred.shape[-1] if by_label else 1), len(thresholds.values) + 1
    targets = apply(NotEqual(dtype="int32"), like_output(y_true, y_pred, what), 0.0)
    places = targets * (labels * buckets) + thresholds.below(y_pred)
    if by_label:
        places = places + y_pred.graph.add(Iota(labels))[0] * buckets
    amounts = ops.broadcast_to(y_pred.graph.constant(1.0, y_pred.dtype), y_pred.shape)
    if weights is not None:
        amounts = spread(weights, y_pred)
    if label_weights is not None:
        amounts = amounts * y_pred.graph.constant(label_weights, y_pred.dtype)
    flat = (ops.reshape(value, (-1,)) for value in (amounts, places))
    counts = apply(ScatterAdd((2 * labels * buckets,)), *flat)
    return ops.reshape(counts, (2, labels, buckets) if by_label else (2, buckets))


def choose_class(y_true: Value, y_pred: Value, class_id: int, what: str) -> tuple[Value, Value]:
    """Return one class of targets and scores, the last axis with length 1.

    Raises:
        ModelError: there is no such class.
    """
    classes = y_pred.shape[-1] if y_pred.rank > 1 else 0
    if y_pred.rank < 2:
        raise ModelError(
            f"{what}: When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), found"
            f" shape: {tuple(y_pred.shape)}"
        )
    if not isinstance(classes, int) or not -classes <= class_id < classes:
        raise ModelError(f"{what}: class_id {class_id} needs an output with such a class, got {y_pred.type}")
    start = class_id % classes
    labels = like_output(y_true, y_pred, what)
    return ops.take(labels, -1, start, start + 1), ops.take(y_pred, -1, start, start + 1)


def keep_largest(scores: Value, count: int, what: str) -> Value:
    """Return scores whose last axis keeps the `count` largest; the others become `LOWEST`, of equals the later ones.

    Raises:
        ModelError: there are not so many.
    """
    classes = scores.shape[-1]
    if not isinstance(classes, int) or not 0 < count <= classes:
        raise ModelError(f"{what}: top_k {count} needs an output with at least that many classes, got {scores.type}")
    left, kept = scores, None
    for _ in range(count):
        largest = ops.one_hot(ops.argmax(left), classes, "bool")
        kept = largest if kept is None else ops.logical_or(kept, largest)
        left = ops.where(largest, -numpy.inf, left)
    assert kept is not None
    return ops.where(kept, scores, LOWEST)
