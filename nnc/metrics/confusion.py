"""Confusion counts at thresholds, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, passed_on, positive, whole
from nnc.ir import Value
from nnc.losses.measure import DeclaredMeasure
from nnc.metrics.sums import SumsMetric
from nnc.metrics.thresholds import (
    LOWEST,
    Thresholds,
    check_thresholds,
    choose_class,
    count_targets,
    counts_at,
    keep_largest,
)


class ThresholdMetric(SumsMetric):
    """Counts targets at thresholds.

    Attributes:
        thresholds: what the output is compared with.
        class_id: the only class that counts, or None.
        top_k: how many of the largest scores count, or None.
    """

    thresholds: list[float]
    class_id: int | None = None
    top_k: int | None = None
    _thresholds: Thresholds

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the weight of the targets of 0, and of others, by how many thresholds the output is above."""
        if self.top_k is not None:
            y_pred = keep_largest(y_pred, self.top_k, self._where)
        if self.class_id is not None:
            y_true, y_pred = choose_class(y_true, y_pred, self.class_id, self._where)
        return [count_targets(y_true, y_pred, self._thresholds, sample_weight, what=self._where)]

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the order of the thresholds."""
        return self._thresholds.settings

    def shown_sums(self) -> Sequence[Any]:
        """Return the counts that Keras adds up, a number per threshold."""
        return counts_at(self._thresholds, self.standalone.parts(1), self.sum_names)


class GivenThresholds(ThresholdMetric):
    """Counts targets at thresholds that a user gives."""

    init_thresholds: float | Sequence[float] | None

    def __post_init__(self) -> None:
        given, default = self.init_thresholds, 0.5 if self.top_k is None else LOWEST
        self.thresholds = [default] if given is None else list(given) if isinstance(given, Sequence) else [given]
        self._thresholds = Thresholds.of(self.thresholds)


class CountMetric(DeclaredMeasure, GivenThresholds):
    """One of the four confusion counts, a number per threshold."""

    sum_names = ("accumulator",)

    init_thresholds: float | Sequence[float] | None = argument(check_thresholds, default=None, alias="thresholds")
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)

    def shown_sums(self) -> Sequence[Any]:
        """Return the count, a number per threshold."""
        return counts_at(self._thresholds, self.standalone.parts(1), (self.result_name,))


class TruePositives(CountMetric, names=("TruePositives", "true_positives")):
    """The number of targets of 1 that the output gets right (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: a threshold is not a number from 0 to 1.
    """

    result_name = "true_positives"


class TrueNegatives(CountMetric, names=("TrueNegatives", "true_negatives")):
    """The number of targets of 0 that the output gets right (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: a threshold is not a number from 0 to 1.
    """

    result_name = "true_negatives"


class FalsePositives(CountMetric, names=("FalsePositives", "false_positives")):
    """The number of targets of 0 that the output takes for 1 (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: a threshold is not a number from 0 to 1.
    """

    result_name = "false_positives"


class FalseNegatives(CountMetric, names=("FalseNegatives", "false_negatives")):
    """The number of targets of 1 that the output takes for 0 (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: a threshold is not a number from 0 to 1.
    """

    result_name = "false_negatives"


class RateMetric(DeclaredMeasure, GivenThresholds):
    """Precision or recall."""

    init_thresholds: float | Sequence[float] | None = argument(check_thresholds, default=None, alias="thresholds")
    top_k: int | None = positive(default=None)
    class_id: int | None = whole(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class Precision(RateMetric, names=("Precision", "precision")):
    """The part of what the output takes for 1 that is (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        top_k: how many of the largest scores of a row count as 1, whatever they are.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "precision"
    sum_names = ("true_positives", "false_positives")


class Recall(RateMetric, names=("Recall", "recall")):
    """The part of the targets of 1 that the output finds (keras.io/api/metrics/classification_metrics).

    Args:
        thresholds: one or several numbers from 0 to 1 that the output is compared with, 0.5 by default; several give
            several results.
        top_k: how many of the largest scores of a row count as 1, whatever they are.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "recall"
    sum_names = ("true_positives", "false_negatives")
