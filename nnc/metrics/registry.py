"""Keras's metrics by name, the choice of an accuracy by the shapes, and the way between metrics and their configs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, overload

from nnc.errors import ModelError
from nnc.ir import TensorType, Value
from nnc.losses.registry import FUNCTIONS as LOSS_FUNCTIONS
from nnc.losses.registry import MeasureRegistry
from nnc.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    equality,
    sparse_categorical_accuracy,
)
from nnc.metrics.auc import (
    AUC,
)
from nnc.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from nnc.metrics.constrained import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from nnc.metrics.correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from nnc.metrics.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from nnc.metrics.distributions import (
    KLDivergence,
    Poisson,
)
from nnc.metrics.f_score import (
    F1Score,
    FBetaScore,
)
from nnc.metrics.hinge import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
)
from nnc.metrics.iou import (
    BinaryIoU,
    IoU,
    MeanIoU,
    OneHotIoU,
    OneHotMeanIoU,
)
from nnc.metrics.metric import (
    MeanMetricWrapper,
    Metric,
)
from nnc.metrics.r2_score import (
    R2Score,
)
from nnc.metrics.reduction import (
    Mean,
    Sum,
)
from nnc.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
from nnc.metrics.top_k import (
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from nnc.objects import is_function

METRICS: Mapping[str, type[Metric]] = MappingProxyType(
    {
        "AUC": AUC,
        "Accuracy": Accuracy,
        "BCE": BinaryCrossentropy,
        "BinaryAccuracy": BinaryAccuracy,
        "BinaryCrossentropy": BinaryCrossentropy,
        "BinaryIoU": BinaryIoU,
        "CategoricalAccuracy": CategoricalAccuracy,
        "CategoricalCrossentropy": CategoricalCrossentropy,
        "CategoricalHinge": CategoricalHinge,
        "ConcordanceCorrelation": ConcordanceCorrelation,
        "CosineSimilarity": CosineSimilarity,
        "F1Score": F1Score,
        "FBetaScore": FBetaScore,
        "FalseNegatives": FalseNegatives,
        "FalsePositives": FalsePositives,
        "Hinge": Hinge,
        "IoU": IoU,
        "KLDivergence": KLDivergence,
        "LogCoshError": LogCoshError,
        "MAE": MeanAbsoluteError,
        "MAPE": MeanAbsolutePercentageError,
        "MSE": MeanSquaredError,
        "MSLE": MeanSquaredLogarithmicError,
        "Mean": Mean,
        "MeanAbsoluteError": MeanAbsoluteError,
        "MeanAbsolutePercentageError": MeanAbsolutePercentageError,
        "MeanIoU": MeanIoU,
        "MeanSquaredError": MeanSquaredError,
        "MeanSquaredLogarithmicError": MeanSquaredLogarithmicError,
        "OneHotIoU": OneHotIoU,
        "OneHotMeanIoU": OneHotMeanIoU,
        "PearsonCorrelation": PearsonCorrelation,
        "Poisson": Poisson,
        "Precision": Precision,
        "PrecisionAtRecall": PrecisionAtRecall,
        "R2Score": R2Score,
        "Recall": Recall,
        "RecallAtPrecision": RecallAtPrecision,
        "RootMeanSquaredError": RootMeanSquaredError,
        "SensitivityAtSpecificity": SensitivityAtSpecificity,
        "SparseCategoricalAccuracy": SparseCategoricalAccuracy,
        "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
        "SparseTopKCategoricalAccuracy": SparseTopKCategoricalAccuracy,
        "SpecificityAtSensitivity": SpecificityAtSensitivity,
        "SquaredHinge": SquaredHinge,
        "Sum": Sum,
        "TopKCategoricalAccuracy": TopKCategoricalAccuracy,
        "TrueNegatives": TrueNegatives,
        "TruePositives": TruePositives,
        "accuracy": Accuracy,
        "auc": AUC,
        "bce": BinaryCrossentropy,
        "binary_accuracy": BinaryAccuracy,
        "binary_crossentropy": BinaryCrossentropy,
        "binary_io_u": BinaryIoU,
        "categorical_accuracy": CategoricalAccuracy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "categorical_hinge": CategoricalHinge,
        "concordance_correlation": ConcordanceCorrelation,
        "cosine_similarity": CosineSimilarity,
        "f1_score": F1Score,
        "f_beta_score": FBetaScore,
        "false_negatives": FalseNegatives,
        "false_positives": FalsePositives,
        "hinge": Hinge,
        "io_u": IoU,
        "kl_divergence": KLDivergence,
        "log_cosh_error": LogCoshError,
        "mae": MeanAbsoluteError,
        "mape": MeanAbsolutePercentageError,
        "mean": Mean,
        "mean_absolute_error": MeanAbsoluteError,
        "mean_absolute_percentage_error": MeanAbsolutePercentageError,
        "mean_io_u": MeanIoU,
        "mean_squared_error": MeanSquaredError,
        "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
        "mse": MeanSquaredError,
        "msle": MeanSquaredLogarithmicError,
        "one_hot_io_u": OneHotIoU,
        "one_hot_mean_io_u": OneHotMeanIoU,
        "pearson_correlation": PearsonCorrelation,
        "poisson": Poisson,
        "precision": Precision,
        "precision_at_recall": PrecisionAtRecall,
        "r2_score": R2Score,
        "recall": Recall,
        "recall_at_precision": RecallAtPrecision,
        "root_mean_squared_error": RootMeanSquaredError,
        "sensitivity_at_specificity": SensitivityAtSpecificity,
        "sparse_categorical_accuracy": SparseCategoricalAccuracy,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
        "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
        "specificity_at_sensitivity": SpecificityAtSensitivity,
        "squared_hinge": SquaredHinge,
        "sum": Sum,
        "top_k_categorical_accuracy": TopKCategoricalAccuracy,
        "true_negatives": TrueNegatives,
        "true_positives": TruePositives,
    }
)
"""Every name that ``keras.metrics.get`` knows for these classes."""

_ACCURACIES = (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)
_CROSSENTROPIES = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)
BY_SHAPE: Mapping[str, tuple[type[Metric], type[Metric], type[Metric]]] = MappingProxyType(
    {"accuracy": _ACCURACIES, "acc": _ACCURACIES, "crossentropy": _CROSSENTROPIES, "ce": _CROSSENTROPIES}
)
"""Names that mean a metric for one unit, for class indices, or for one-hot targets; Keras has the first two."""

FUNCTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "binary_accuracy": binary_accuracy,
        "categorical_accuracy": categorical_accuracy,
        "concordance_correlation": concordance_correlation,
        "pearson_correlation": pearson_correlation,
        "sparse_categorical_accuracy": sparse_categorical_accuracy,
        "sparse_top_k_categorical_accuracy": sparse_top_k_categorical_accuracy,
        "top_k_categorical_accuracy": top_k_categorical_accuracy,
    }
)
"""The functions that metrics are made of, beside those of `nnc.losses`."""


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
    functions = MappingProxyType({**LOSS_FUNCTIONS, **FUNCTIONS})

    def adapt(self, item: Any) -> Metric | None:
        if isinstance(item, Metric) or not is_function(item):
            return super().adapt(item)
        name = getattr(item, "name", None)
        return MeanMetricWrapper(item, name if isinstance(name, str) else None)

    def find(self, name: str) -> type[Metric] | None:
        return MeanMetricWrapper if name == MeanMetricWrapper.__name__ else METRICS.get(name)

    def unknown(self, name: str, known: Iterable[str]) -> str:
        return super().unknown(name, [*known, *BY_SHAPE])


_REGISTRY = _Metrics("metric", Metric, METRICS, "keras.metrics", "a Metric or a function of (y_true, y_pred)")
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize


def get(
    identifier: Any, output: TensorType, target: TensorType, custom_objects: Mapping[str, Any] | None = None
) -> Metric:
    """Return a metric, named as Keras names it in logs: a string is its own name.

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
    return metric


def _kind(output: TensorType, target: TensorType) -> int:
    """Return 0 for one unit, 1 for class indices, 2 for one-hot targets, by Keras's rules."""
    units = output.shape[-1:]
    if units == (1,):
        return 0
    return 1 if target.rank < output.rank or (target.shape[-1:] == (1,) and units != (1,)) else 2
