"""The area under a curve of rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc import ops
from nnc.errors import ModelError, nearest
from nnc.ir import Value
from nnc.losses.arguments import checked_number
from nnc.metrics.confusion import checked_index
from nnc.metrics.sums import SumsMetric
from nnc.metrics.thresholds import Thresholds, count_targets, is_even

_CURVES = {"pr": "PR", "PR": "PR", "roc": "ROC", "ROC": "ROC", "prgain": "PRGAIN", "PRGAIN": "PRGAIN"}
_METHODS = {
    key: key.lower() for key in ("interpolation", "Interpolation", "majoring", "Majoring", "minoring", "Minoring")
}
_MARGIN = 1e-7
"""The first threshold lies so much below 0, the last so much above 1; Keras's ``backend.epsilon()``."""


class AUC(SumsMetric):
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

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.curve = self._chosen("curve", curve, _CURVES)
        self.summation_method = self._chosen("summation_method", summation_method, _METHODS)
        self._has_thresholds = thresholds is not None
        if thresholds is None:
            self.num_thresholds = checked_index(self._where, "num_thresholds", num_thresholds, 2) or 2
            last = self.num_thresholds - 1
            inner, even = [number / last for number in range(1, last)], True
        else:
            inner = sorted(checked_number(self._where, "thresholds", number) for number in thresholds)
            self.num_thresholds, even = len(inner) + 2, is_even([0.0, *inner, 1.0])
        self.thresholds = [-_MARGIN, *inner, 1.0 + _MARGIN]
        self._thresholds = Thresholds(tuple(self.thresholds), tuple(range(self.num_thresholds)), even, opens_below=True)
        self.multi_label = bool(multi_label)
        self.num_labels = checked_index(self._where, "num_labels", num_labels, 1)
        if num_labels is not None and not multi_label:
            raise ModelError(f"{self._where}: num_labels is needed only where multi_label is True, got {num_labels}")
        self.label_weights = None
        if label_weights is not None:
            self.label_weights = [float(checked_number(self._where, "label_weights", x)) for x in label_weights]
        self.from_logits = bool(from_logits)

    def _chosen(self, key: str, given: Any, known: dict[str, str]) -> str:
        if given not in known:
            choices = sorted(set(known.values()))
            hint = nearest(str(given), known)
            raise ModelError(f"{self._where}: {key} must be one of {', '.join(choices)}, got {given!r}.{hint}")
        return known[given]

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

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return the curve, and how its area is computed."""
        return self._thresholds.settings | {
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "label_weights": self.label_weights,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        config = super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        return config | {"thresholds": self.thresholds[1:-1]} if self._has_thresholds else config
