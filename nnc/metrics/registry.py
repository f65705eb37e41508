"""Keras's metrics by name, the choice of an accuracy by the shapes, and the way between metrics and their configs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, overload

from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import TensorType, Value
from nnc.losses.measure import FunctionMeasure
from nnc.losses.registry import FUNCTIONS as LOSS_FUNCTIONS
from nnc.losses.registry import LossFunction, MeasureRegistry
from nnc.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, equality
from nnc.metrics.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnc.metrics.metric import MeanMetricWrapper, Metric
from nnc.metrics.stateful import AuthoredMetric
from nnc.objects import is_function

METRICS: Mapping[str, type[Metric]] = MappingProxyType(dict(sorted(Metric.registered.items())))
"""Every name that ``keras.metrics.get`` knows for these classes."""

_ACCURACIES = (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)
_CROSSENTROPIES = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)
BY_SHAPE: Mapping[str, tuple[type[Metric], type[Metric], type[Metric]]] = MappingProxyType(
    {"accuracy": _ACCURACIES, "acc": _ACCURACIES, "crossentropy": _CROSSENTROPIES, "ce": _CROSSENTROPIES}
)
"""Names that mean a metric for one unit, for class indices, or for one-hot targets; Keras has the first two."""

_OWN_FUNCTIONS = [cls.function for cls in METRICS.values() if issubclass(cls, FunctionMeasure)]
FUNCTIONS: Mapping[str, LossFunction] = MappingProxyType(
    {**{item.__name__: item for item in _OWN_FUNCTIONS if item.__name__ in METRICS}, **LOSS_FUNCTIONS}
)
"""The functions that metrics are made of, those of `nnc.losses` among them."""


@overload
def accuracy() -> str: ...
@overload
def accuracy(y_true: Value, y_pred: Value) -> Value: ...
def accuracy(y_true: Value | None = None, y_pred: Value | None = None) -> str | Value:
    """Return the name ``accuracy``, which `get` resolves; for two values return 1 where they are equal, otherwise 0.

    Args:
        y_true: targets, shape (batch, …).
        y_pred: output of the same shape.

    Raises:
        ModelError: only one of the two is given.
        ShapeError: the shapes differ.

    >>> accuracy()
    'accuracy'
    """
    if y_true is None and y_pred is None:
        return "accuracy"
    if y_true is None or y_pred is None:
        raise ModelError("accuracy() takes no values or two: y_true and y_pred")
    return equality(y_true, y_pred)


class _Metrics(MeasureRegistry[Metric]):
    wrapper = MeanMetricWrapper
    functions = FUNCTIONS

    def adapt(self, item: Any) -> Metric | None:
        if isinstance(item, Metric) and item.is_authored:
            return AuthoredMetric(item)
        if isinstance(item, Metric) or not is_function(item):
            return super().adapt(item)
        name = getattr(item, "name", None)
        return MeanMetricWrapper(item, name if isinstance(name, str) else None)

    def serialize(self, item: Any) -> dict[str, Any]:
        """Return a metric's config in Keras's form: of one with variables of its author's, that of the author's."""
        return super().serialize(item.metric if isinstance(item, AuthoredMetric) else item)

    def find(self, name: str) -> type[Metric] | None:
        return MeanMetricWrapper if name == MeanMetricWrapper.__name__ else METRICS.get(name)

    def unknown(self, name: str, known: Iterable[str]) -> str:
        return super().unknown(name, [*known, *BY_SHAPE])


_REGISTRY = _Metrics("metric", Metric, METRICS, "keras.metrics", "a Metric or a function of (y_true, y_pred)")
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize


def metric_for(
    identifier: Any, output: TensorType, target: TensorType, custom_objects: Mapping[str, Any] | None = None
) -> Metric:
    """Return the metric of an output, named as Keras names it in logs: a string is its own name.

    Args:
        identifier: a name, a config of `serialize`, a `Metric` or a subclass of it, or a function of targets and
            output. ``accuracy`` (or ``acc``) and ``crossentropy`` (or ``ce``) choose by the two types.
        output: type of the model's output, the batch first.
        target: type of its targets.
        custom_objects: the user's own metrics by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if identifier is accuracy:
        identifier = accuracy()
    if isinstance(identifier, str) and identifier not in (custom_objects or {}):
        choices = BY_SHAPE.get(identifier.lower())
        if choices is not None:
            return choices[_kind(output, target)](name=identifier)
    metric = _REGISTRY.get(identifier, custom_objects)
    if isinstance(identifier, str):
        metric.name = identifier
    _check_overrides(metric)
    return metric


def _check_overrides(metric: Metric) -> None:
    cls = type(metric)
    ignored = [name for name in ("result", "reset_state") if not is_own(getattr(cls, name))]
    if ignored and is_own(cls.update_state):
        raise ModelError(
            f"metric '{metric.name}': its class {cls.__name__} has {' and '.join(ignored)} of its own, which a program"
            " that adds up for Keras's update_state never calls; define update_state and result"
        )


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return what Keras's does: a metric, the function where it is one, or None for None.

    Args:
        identifier: a name, a config of `serialize`, a `Metric` or a subclass of it, a function, or None.
        custom_objects: the user's own metrics by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if identifier is None or isinstance(identifier, Metric) or is_function(identifier):
        return identifier
    return _REGISTRY.get(identifier, custom_objects)


def _kind(output: TensorType, target: TensorType) -> int:
    """Return 0 for one unit, 1 for class indices, 2 for one-hot targets, by Keras's rules."""
    units = output.shape[-1:]
    if units == (1,):
        return 0
    return 1 if target.rank < output.rank or (target.shape[-1:] == (1,) and units != (1,)) else 2
