"""The best of one rate where another is large enough: sensitivity, specificity, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc.arguments import number, passed_on, positive, whole
from nnc.losses.measure import DeclaredMeasure
from nnc.metrics.confusion import ThresholdMetric
from nnc.metrics.thresholds import CONFUSION, Thresholds

_RANGE = "`{key}` must be in the range [0, 1]. Received: {key}={value!r}"
_COUNT = "Argument `{key}` must be an integer > 0. Received: {key}={value!r}"


class ConstrainedMetric(ThresholdMetric):
    """The best of one rate among evenly distributed thresholds where another is large enough."""

    constrained: ClassVar[str]
    """The argument that says how large."""
    sum_names = CONFUSION
    num_thresholds: int

    def __post_init__(self) -> None:
        last = self.num_thresholds - 1
        self.thresholds = [number / last for number in range(last + 1)] if last else [0.5]
        count = len(self.thresholds)
        self._thresholds = Thresholds(tuple(self.thresholds), tuple(range(count)), is_even=count > 1)

    @property
    def value(self) -> float:
        """How large the other rate must be."""
        return float(getattr(self, self.constrained))

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the order of the thresholds, and how large the other rate must be."""
        return super().result_settings(shapes) | {"value": self.value}


class SensitivityAtSpecificity(
    DeclaredMeasure, ConstrainedMetric, names=("SensitivityAtSpecificity", "sensitivity_at_specificity")
):
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

    specificity: float = number(0, 1, words=_RANGE)
    num_thresholds: int = positive(default=200, words=_COUNT)
    class_id: int | None = whole(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class SpecificityAtSensitivity(
    DeclaredMeasure, ConstrainedMetric, names=("SpecificityAtSensitivity", "specificity_at_sensitivity")
):
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

    sensitivity: float = number(0, 1, words=_RANGE)
    num_thresholds: int = positive(default=200, words=_COUNT)
    class_id: int | None = whole(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class PrecisionAtRecall(DeclaredMeasure, ConstrainedMetric, names=("PrecisionAtRecall", "precision_at_recall")):
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

    recall: float = number(0, 1, words=_RANGE)
    num_thresholds: int = positive(default=200, words=_COUNT)
    class_id: int | None = whole(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)


class RecallAtPrecision(DeclaredMeasure, ConstrainedMetric, names=("RecallAtPrecision", "recall_at_precision")):
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

    precision: float = number(0, 1, words=_RANGE)
    num_thresholds: int = positive(default=200, words=_COUNT)
    class_id: int | None = whole(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)
