"""Rates, curves and the areas under them, from how many targets of each kind lie between thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy

Array = Any


def ratio(numerator: Array, denominator: Array) -> Array:
    """Return a quotient that is 0 where the denominator is."""
    numerator, denominator = numpy.broadcast_arrays(numerator, denominator)
    return numpy.divide(numerator, denominator, out=numpy.zeros(denominator.shape), where=denominator != 0)


@dataclass(frozen=True)
class Confusion:
    """Counts of targets that an output above a threshold gets right and wrong; a single threshold has no axis.

    Args:
        true_positives: targets of 1 above the threshold, a number per threshold; with several labels a row per label.
        false_positives: targets of 0 above it.
        positives: all targets of 1, one number, or one per label.
        negatives: all targets of 0.
    """

    true_positives: Array
    false_positives: Array
    positives: Array
    negatives: Array

    @staticmethod
    def of(sums: Sequence[Array], settings: Mapping[str, Any]) -> Confusion:
        """Read the sums of a metric.

        Args:
            sums: one array (2, …, thresholds + 1): targets of 0, and of 1, by the number of thresholds that the output
                is above, from none to all.
            settings: ``order`` has the place of each threshold among the sorted ones.
        """
        order = numpy.asarray(settings["order"], int)
        negatives, positives = (numpy.flip(numpy.cumsum(numpy.flip(part, -1), -1), -1) for part in sums[0])
        index = order[0] if len(order) == 1 else order
        first = slice(0, 1) if len(order) > 1 else 0
        return Confusion(
            positives[..., 1:][..., index], negatives[..., 1:][..., index], positives[..., first], negatives[..., first]
        )

    @cached_property
    def false_negatives(self) -> Array:
        """Targets of 1 that are not above the threshold."""
        return self.positives - self.true_positives

    @cached_property
    def true_negatives(self) -> Array:
        """Targets of 0 that are not above the threshold."""
        return self.negatives - self.false_positives

    @cached_property
    def precision(self) -> Array:
        """The part of what is above the threshold that should be."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @cached_property
    def recall(self) -> Array:
        """The part of the targets of 1 that is above the threshold; also called sensitivity."""
        return ratio(self.true_positives, self.positives)

    @cached_property
    def specificity(self) -> Array:
        """The part of the targets of 0 that is not above the threshold."""
        return ratio(self.true_negatives, self.negatives)


def best_where(wanted: Array, constrained: Array, least: float) -> Array:
    """Return the largest wanted rate among thresholds where another is at least so large; 0 where there is none."""
    return numpy.max(numpy.where(numpy.asarray(constrained) >= least, wanted, 0.0), initial=0.0)


def auc(confusion: Confusion, curve: str, summation_method: str) -> Array:
    """Return the area under a curve, one per label (keras.io/api/metrics/classification_metrics).

    Args:
        confusion: counts at thresholds that ascend.
        curve: ``ROC``, ``PR`` or ``PRGAIN`` (Flach & Kull, Precision-Recall-Gain Curves, 2015).
        summation_method: ``interpolation`` (of PR as in Davis & Goadrich, 2006), ``minoring`` or ``majoring``.

    Raises:
        KeyError: there is no such curve or method.
    """
    if curve == "PR" and summation_method == "interpolation":
        return _interpolated_pr(confusion)
    x, y = {"ROC": _roc, "PR": _pr, "PRGAIN": _pr_gain}[curve](confusion)
    first, second = y[..., :-1], y[..., 1:]
    heights = {
        "interpolation": lambda: (first + second) / 2,
        "majoring": lambda: numpy.maximum(first, second),
        "minoring": lambda: numpy.minimum(first, second),
    }[summation_method]()
    return numpy.sum((x[..., :-1] - x[..., 1:]) * heights, -1)


def _roc(confusion: Confusion) -> tuple[Array, Array]:
    return ratio(confusion.false_positives, confusion.negatives), confusion.recall


def _pr(confusion: Confusion) -> tuple[Array, Array]:
    return confusion.recall, confusion.precision


def _pr_gain(confusion: Confusion) -> tuple[Array, Array]:
    """A gain of recall below 0 counts as 0; without true positives the gains are 0 and 1."""
    scale, hits = ratio(confusion.positives, confusion.negatives), confusion.true_positives
    recall_gain = numpy.where(hits == 0, 0.0, 1 - scale * ratio(confusion.false_negatives, hits))
    precision_gain = numpy.where(hits == 0, 1.0, 1 - scale * ratio(confusion.false_positives, hits))
    return numpy.maximum(recall_gain, 0.0), precision_gain


def _interpolated_pr(confusion: Confusion) -> Array:
    hits, found = confusion.true_positives, confusion.true_positives + confusion.false_positives
    steps, widths = hits[..., :-1] - hits[..., 1:], found[..., :-1] - found[..., 1:]
    slope = ratio(steps, numpy.maximum(widths, 0))
    intercept = hits[..., 1:] - slope * found[..., 1:]
    before, after = found[..., :-1], found[..., 1:]
    quotient = numpy.where((before > 0) & (after > 0), ratio(before, after), 1.0)
    parts = ratio(slope * (steps + intercept * numpy.log(quotient)), numpy.maximum(confusion.positives, 0))
    return numpy.sum(parts, -1)
