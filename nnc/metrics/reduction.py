"""Means and sums of values that are given, instead of computed from targets and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import passed_on
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.losses.arrays import as_floating
from nnc.losses.measure import DeclaredMeasure
from nnc.losses.weighting import merge_weights
from nnc.metrics.metric import mean_parts
from nnc.metrics.recording import are_in_graph, as_values, metric_states
from nnc.metrics.standalone import Standalone
from nnc.metrics.sums import SumsMetric
from nnc.settings import SETTINGS


class Values(SumsMetric):
    """Adds up values; it is used by itself, with `update_state` and `result`."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]  # Keras's
        """Add an array of values, with weights of its first axes.

        Raises:
            ShapeError: the weights do not fit.
        """
        if are_in_graph(values, sample_weight):
            states = metric_states(self._where, self.is_a_layers)
            if states is not None:
                self._add(states, self._parts(*as_values(states.graph, values, sample_weight)))
            return
        self.standalone.add(values=as_floating(values), sample_weight=sample_weight)

    @property
    def standalone(self) -> Standalone:
        """The sums of `update_state`."""
        if "_standalone" not in self.__dict__:
            self._standalone = Standalone(self._parts, self.dtype or SETTINGS.floatx)
        return self._standalone

    def __call__(self, values: Any, sample_weight: Any = None) -> Any:
        """Add an array of values and return the result so far; see `update_state`."""
        self.update_state(values, sample_weight)
        return self.result()

    def lower(
        self, y_true: Value, y_pred: Value, sample_weight: Value | None = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        """Refuse to compare.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            f"{self._where}: {type(self).__name__} takes values, not targets and outputs; use update_state(values), or"
            " MeanMetricWrapper with a function of both"
        )

    def sums(self, y_true: Value, y_pred: Value, sample_weight: Value | None) -> Sequence[Value]:
        """Refuse to compare; see `lower`."""
        return self.lower(y_true, y_pred, sample_weight)

    def _parts(self, values: Value, sample_weight: Value | None = None) -> Sequence[Value]:
        raise NotImplementedError


class Mean(DeclaredMeasure, Values, names=("Mean", "mean")):
    """The mean of values (keras.io/api/metrics/reduction_metrics).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    result_name = "mean"
    sum_names = ("total", "count")

    _name_given: str | None = passed_on(default="mean", alias="name")
    dtype: str | None = passed_on(default=None)

    def _parts(self, values: Value, sample_weight: Value | None = None) -> Sequence[Value]:
        if values.rank == 0 and sample_weight is not None and sample_weight.rank == 0:
            weight = ops.cast(sample_weight, values.dtype)
            return values * weight, weight
        return mean_parts(values, sample_weight, None, self._where)


class Sum(DeclaredMeasure, Values, names=("Sum", "sum")):
    """The sum of values (keras.io/api/metrics/reduction_metrics).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    result_name = "sum"
    sum_names = ("total",)

    _name_given: str | None = passed_on(default="sum", alias="name")
    dtype: str | None = passed_on(default=None)

    def _parts(self, values: Value, sample_weight: Value | None = None) -> Sequence[Value]:
        weights = merge_weights(values, sample_weight, None, False, self._where)
        if weights is None:
            return [ops.sum(values)]
        return [ops.sum(ops.sum(values, range(weights.rank, values.rank)) * weights)]
