"""Keras's losses as graph arithmetic; their gradients are derived."""

from nnc.losses.binary import BinaryCrossentropy, binary_crossentropy
from nnc.losses.categorical import (
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from nnc.losses.loss import Loss, LossFunctionWrapper
from nnc.losses.registry import LOSSES, LossFunction, deserialize, get, serialize
from nnc.losses.regression import MeanAbsoluteError, MeanSquaredError, mean_absolute_error, mean_squared_error
from nnc.losses.target import Target

BCE = BinaryCrossentropy
MAE = MeanAbsoluteError
MSE = MeanSquaredError
bce = binary_crossentropy
mae = mean_absolute_error
mse = mean_squared_error

__all__ = [
    "BCE",
    "LOSSES",
    "MAE",
    "MSE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Loss",
    "LossFunction",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "Target",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_crossentropy",
]
