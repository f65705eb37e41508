"""The best of one rate where another is large enough: sensitivity, specificity, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc.losses.arguments import checked_fraction
from nnc.metrics.confusion import ThresholdMetric, checked_index
from nnc.metrics.thresholds import Thresholds


class ConstrainedMetric(ThresholdMetric):
    """The best of one rate among thresholds where another is large enough."""

    constrained: ClassVar[str]
    """The argument that says how large."""

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: str | None):
        super().__init__(name, dtype)
        setattr(self, self.constrained, checked_fraction(self._where, self.constrained, value))
        self.value = value
        self.num_thresholds = checked_index(self._where, "num_thresholds", num_thresholds, 1) or 1
        self.class_id = checked_index(self._where, "class_id", class_id)
        last = self.num_thresholds - 1
        self.thresholds = [number / last for number in range(last + 1)] if last else [0.5]
        even = len(self.thresholds) > 1
        self._thresholds = Thresholds(tuple(self.thresholds), tuple(range(len(self.thresholds))), even)

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the order of the thresholds, and how large the other rate must be."""
        return super().result_settings(shapes) | {"value": float(self.value)}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        own = {"class_id": self.class_id, "num_thresholds": self.num_thresholds, self.constrained: self.value}
        return super().get_config() | own


class SensitivityAtSpecificity(ConstrainedMetric):
    """The largest sensitivity where the specificity is at least so large (keras.io/api/metrics/classification_metrics).

    Args:
        specificity: from 0 to 1.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "sensitivity_at_specificity"
    constrained = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(ConstrainedMetric):
    """The largest specificity where the sensitivity is at least so large (keras.io/api/metrics/classification_metrics).

    Args:
        sensitivity: from 0 to 1.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "specificity_at_sensitivity"
    constrained = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(ConstrainedMetric):
    """The largest precision where the recall is at least so large (keras.io/api/metrics/classification_metrics).

    Args:
        recall: from 0 to 1.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "precision_at_recall"
    constrained = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(ConstrainedMetric):
    """The largest recall where the precision is at least so large (keras.io/api/metrics/classification_metrics).

    Args:
        precision: from 0 to 1.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only class that counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "recall_at_precision"
    constrained = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
