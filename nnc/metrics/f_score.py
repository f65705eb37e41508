"""F-scores: harmonic means of precision and recall."""

from __future__ import annotations

import sys
from abc import ABCMeta
from collections.abc import Sequence
from typing import Any

import numpy

from nnc.arguments import argument, choice, passed_on
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Greater, GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.losses.measure import DeclaredMeasure
from nnc.losses.operands import like_output
from nnc.metrics.sums import SumsMetric, weighted

_AVERAGE = (
    "Invalid `{key}` argument value. Expected one of: {{None, 'micro', 'macro', 'weighted'}}. Received: {key}={value}"
)


def _check_above_zero(where: str, key: str, value: Any, most: float, limits: str) -> float:
    start = f"{where}: Invalid `{key}` argument value."
    if not isinstance(value, float | numpy.floating):
        raise ModelError(f"{start} It should be a Python float. Received: {key}={value} of type '{type(value)}'")
    if not 0.0 < value <= most:
        raise ModelError(f"{start} It should {limits}. Received: {key}={value}")
    return float(value)


def _check_beta(where: str, key: str, value: Any) -> float:
    return _check_above_zero(where, key, value, sys.float_info.max, "be > 0")


def _check_threshold(where: str, key: str, value: Any) -> float:
    return _check_above_zero(where, key, value, 1.0, f"verify 0 < {key} <= 1")


class FScore(SumsMetric):
    """A mean of precision and recall, of classes or of all counts together."""

    result_name = "fbeta"
    average: str | None
    beta: float = 1.0
    threshold: float | None

    def __post_init__(self) -> None:
        self.beta = float(self.beta)  # Keras takes no integers
        self.threshold = None if self.threshold is None else float(self.threshold)

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


class FBetaScore(DeclaredMeasure, FScore, metaclass=ABCMeta, names=("FBetaScore", "f_beta_score")):
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

    average: str | None = choice(None, "micro", "macro", "weighted", default=None, words=_AVERAGE)
    beta: float = argument(_check_beta, default=1.0)
    threshold: float | None = argument(_check_threshold, default=None)
    _name_given: str | None = passed_on(default="fbeta_score", alias="name")
    dtype: str | None = passed_on(default=None)


class F1Score(DeclaredMeasure, FScore, names=("F1Score", "f1_score")):
    """The harmonic mean of precision and recall; see `FBetaScore`.

    Args:
        average: see `FBetaScore`.
        threshold: see `FBetaScore`.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ModelError: an argument is wrong.
    """

    average: str | None = choice(None, "micro", "macro", "weighted", default=None, words=_AVERAGE)
    threshold: float | None = argument(_check_threshold, default=None)
    _name_given: str | None = passed_on(default="f1_score", alias="name")
    dtype: str | None = passed_on(default=None)


# in Keras these are subclasses, although their arguments are others
FBetaScore.register(F1Score)
