"""F-scores: harmonic means of precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.losses.operands import like_output
from nnc.metrics.sums import SumsMetric, weighted
from nnc.ops.comparison import Greater, GreaterEqual
from nnc.ops.elementwise import apply

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(SumsMetric):
    """(1 + beta²) precision · recall / (beta² precision + recall) (keras.io/api/metrics/classification_metrics).

    Args:
        average: None for a score per class, ``micro`` for one of all counts together, ``macro`` or ``weighted`` for a
            mean over classes.
        beta: how much more recall weighs than precision.
        threshold: number above which an output means 1; by default the largest output of a row does.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    result_name = "fbeta"
    has_beta: ClassVar[bool] = True

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if average not in _AVERAGES:
            raise ModelError(f"{self._where}: average must be None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not isinstance(beta, float) or not beta > 0:
            raise ModelError(f"{self._where}: beta must be a float above 0, got {beta!r}")
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise ModelError(f"{self._where}: threshold must be a float above 0, at most 1, got {threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Return true positives, false positives, false negatives and targets, by class or all together.

        Raises:
            ModelError: the output is not an array (batch, classes).
        """
        if y_pred.rank != 2 or not isinstance(y_pred.shape[-1], int):
            raise ModelError(f"{self._where} needs an output (batch, classes), got {y_pred.type}")
        labels = like_output(y_true, y_pred, self._where)
        if self.threshold is None:
            largest = apply(GreaterEqual(dtype=y_pred.dtype), y_pred, ops.max(y_pred, -1, keepdims=True))
            found = largest * apply(Greater(dtype=y_pred.dtype), ops.absolute(y_pred), 1e-9)
        else:
            found = apply(Greater(dtype=y_pred.dtype), y_pred, self.threshold)
        parts = (found * labels, found * (1.0 - labels), (1.0 - found) * labels, labels)
        axis = None if self.average == "micro" else 0
        return [ops.sum(weighted(part, sample_weight), axis) for part in parts]

    def result_settings(self, shapes: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Return beta and the kind of mean."""
        return {"average": self.average, "beta": self.beta}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys."""
        beta = {"beta": self.beta} if self.has_beta else {}
        return super().get_config() | {"average": self.average} | beta | {"threshold": self.threshold}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall; see `FBetaScore`.

    Args:
        average: see `FBetaScore`.
        threshold: see `FBetaScore`.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    has_beta = False

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
