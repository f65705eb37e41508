"""The area under a curve of rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nnc.arguments import argument, flag, passed_on, positive, whole
from nnc.checks import check_choice, check_number
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.losses.measure import DeclaredMeasure
from nnc.metrics.sums import SumsMetric
from nnc.metrics.thresholds import CONFUSION, Thresholds, count_targets, counts_at, is_even
from nnc.settings import SETTINGS

_CURVES = {"pr": "PR", "PR": "PR", "roc": "ROC", "ROC": "ROC", "prgain": "PRGAIN", "PRGAIN": "PRGAIN"}
_METHODS = {
    key: key.lower() for key in ("interpolation", "Interpolation", "majoring", "Majoring", "minoring", "Minoring")
}


def _spelling(known: Mapping[str, str]) -> Callable[[str, str, Any], str]:
    """Return a check of a word that has several spellings; one of them is kept."""

    def check(where: str, key: str, given: Any) -> str:
        return known[check_choice(where, key, known.get(str(given), given), sorted(set(known.values())))]

    return check


def _check_numbers(where: str, key: str, given: Any) -> list[float]:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise ModelError(f"{where}: {key} must be several numbers, got {given!r}")
    return [float(check_number(where, key, number)) for number in given]


class AUC(DeclaredMeasure, SumsMetric, names=("AUC", "auc")):
    """The area under the ROC, precision-recall or gain curve (keras.io/api/metrics/classification_metrics).

    Args:
        num_thresholds: how many thresholds the curve is made of.
        curve: ``ROC``, ``PR`` or ``PRGAIN``.
        summation_method: ``interpolation``, ``majoring`` or ``minoring``.
        name: see `Metric`.
        dtype: see `Metric`.
        thresholds: numbers between 0 and 1 to use instead of evenly distributed ones.
        multi_label: whether each label has a curve of its own, of whose areas the result is the mean.
        num_labels: number of labels, which the output says as well.
        label_weights: a weight for each label.
        from_logits: whether the output holds logits instead of probabilities.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "auc"
    sum_names = CONFUSION

    num_thresholds: int = whole(
        2, default=200, optional=True, words="Argument `{key}` must be an integer > 1. Received: {key}={value!r}"
    )
    curve: str = argument(
        _spelling(_CURVES),
        default="ROC",
        words='Invalid AUC curve value: "{value}". Expected one of: "PR", "PRGAIN", "ROC"',
    )
    summation_method: str = argument(
        _spelling(_METHODS),
        default="interpolation",
        words='Invalid AUC summation method value: "{value}". Expected one of: "interpolation", "majoring", "minoring"',
    )
    _name_given: str | None = passed_on(default=None, alias="name")
    dtype: str | None = passed_on(default=None)
    _thresholds_given: Sequence[float] | None = argument(
        _check_numbers, default=None, alias="thresholds", written="unless default"
    )
    multi_label: bool = flag(default=False)
    num_labels: int | None = positive(default=None)
    label_weights: Sequence[float] | None = argument(_check_numbers, default=None)
    from_logits: bool = flag(default=False)

    def __post_init__(self) -> None:
        if self.num_labels is not None and not self.multi_label:
            raise ModelError(
                f"{self._where}: num_labels is needed only where multi_label is True, got {self.num_labels}"
            )
        if self._thresholds_given is None:
            if self.num_thresholds is None:
                raise ModelError(f"{self._where}: num_thresholds must be an integer > 1, or thresholds be given")
            last = self.num_thresholds - 1
            inner, even = [number / last for number in range(1, last)], True
        else:
            inner = self._thresholds_given = sorted(self._thresholds_given)
            self.num_thresholds, even = len(inner) + 2, is_even([0.0, *inner, 1.0])
        self.thresholds = [-SETTINGS.epsilon, *inner, 1.0 + SETTINGS.epsilon]
        self._thresholds = Thresholds(tuple(self.thresholds), tuple(range(self.num_thresholds)), even, opens_below=True)

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return the weight of the targets of 0, and of others, by how many thresholds the output is above.

        Raises:
            ModelError: several labels are asked for where the output is not an array (batch, labels).
        """
        labels = y_pred.shape[-1]
        if self.multi_label and (y_pred.rank != 2 or self.num_labels not in (None, labels)):
            expected = self.num_labels or "labels"
            raise ModelError(f"{self._where}: multi_label needs an output (batch, {expected}), got {y_pred.type}")
        if self.label_weights is not None and len(self.label_weights) != labels:
            raise ModelError(
                f"{self._where}: there are {len(self.label_weights)} label_weights for an output {y_pred.type}"
            )
        scores = ops.sigmoid(y_pred) if self.from_logits else y_pred
        weights = None if self.multi_label else self.label_weights  # of several curves, the areas are weighted
        counts = count_targets(
            y_true, scores, self._thresholds, sample_weight, weights, by_label=self.multi_label, what=self._where
        )
        return [counts]

    def shown_sums(self) -> Sequence[Any]:
        """Return the counts that Keras adds up, a number per threshold, or a row of one per label."""
        return counts_at(self._thresholds, self.standalone.parts(1), self.sum_names)

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the curve, and how its area is computed."""
        return self._thresholds.settings | {
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "label_weights": self.label_weights,
        }
