"""Keras's metrics as graph arithmetic: sums and counts that add up from batch to batch."""

from nnc.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from nnc.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from nnc.metrics.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from nnc.metrics.metric import MeanMetricWrapper, Metric
from nnc.metrics.registry import METRICS, accuracy, deserialize, get, serialize
from nnc.metrics.regression import MeanAbsoluteError, MeanSquaredError

BCE = BinaryCrossentropy
MAE = MeanAbsoluteError
MSE = MeanSquaredError
bce = binary_crossentropy
mae = mean_absolute_error
mse = mean_squared_error

__all__ = [
    "BCE",
    "MAE",
    "METRICS",
    "MSE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "accuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
]
