"""Confusion counts at thresholds, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.metrics.sums import SumsMetric
from nnc.metrics.thresholds import (
    LOWEST,
    Thresholds,
    checked_thresholds,
    choose_class,
    count_targets,
    keep_largest,
)


class ThresholdMetric(SumsMetric):
    """Counts targets at thresholds.

    Attributes:
        thresholds: what the output is compared with.
        class_id: the only class that counts, or None.
        top_k: how many of the largest scores count, or None.
    """

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

    def _take(self, thresholds: Any, default: float) -> None:
        self.init_thresholds = thresholds
        self.thresholds = checked_thresholds(self._where, thresholds, default)
        self._thresholds = Thresholds.of(self.thresholds)


def checked_index(where: str, key: str, number: Any, least: int | None = None) -> int | None:
    """Return a whole number or None.

    Raises:
        ModelError: it is something else, or too small.
    """
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or (least is not None and number < least):
        limit = "" if least is None else f" of at least {least}"
        raise ModelError(f"{where}: {key} must be a whole number{limit}, got {number!r}")
    return number


class CountMetric(ThresholdMetric):
    """One of the four confusion counts, a number per threshold."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self._take(thresholds, 0.5)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(CountMetric):
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


class TrueNegatives(CountMetric):
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


class FalsePositives(CountMetric):
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


class FalseNegatives(CountMetric):
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


class RateMetric(ThresholdMetric):
    """Precision or recall."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self._take(thresholds, 0.5 if top_k is None else LOWEST)
        self.top_k = checked_index(self._where, "top_k", top_k, 1)
        self.class_id = checked_index(self._where, "class_id", class_id)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return super().get_config() | own


class Precision(RateMetric):
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


class Recall(RateMetric):
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
