"""Keras's losses as graph arithmetic; their gradients are derived."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
from nnc.losses.binary import (
    BinaryCrossentropy,
    binary_crossentropy,
)
from nnc.losses.categorical import (
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from nnc.losses.ctc import CTC, ctc
from nnc.losses.distributions import (
    KLDivergence,
    Poisson,
    kl_divergence,
    poisson,
)
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
)
from nnc.losses.hinge import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from nnc.losses.loss import Loss, LossFunctionWrapper
from nnc.losses.measure import Masked
from nnc.losses.overlap import (
    Dice,
    Tversky,
    dice,
    tversky,
)
from nnc.losses.reduction import Reduction
from nnc.losses.regression import (
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from nnc.losses.robust import (
    Huber,
    LogCosh,
    huber,
    log_cosh,
)
from nnc.losses.similarity import (
    Circle,
    CosineSimilarity,
    circle,
    cosine_similarity,
)

# isort: split
# The tables are made of the classes that are defined by now.
from nnc.losses.registry import LOSSES, LossFunction, deserialize, get, serialize

BCE = BinaryCrossentropy
KLD = KLDivergence
MAE = MeanAbsoluteError
MAPE = MeanAbsolutePercentageError
MSE = MeanSquaredError
MSLE = MeanSquaredLogarithmicError
bce = binary_crossentropy
kld = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
mae = mean_absolute_error
mape = mean_absolute_percentage_error
mse = mean_squared_error
msle = mean_squared_logarithmic_error

__all__ = [
    "BCE",
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLD",
    "KLDivergence",
    "LOSSES",
    "LogCosh",
    "Loss",
    "LossFunction",
    "LossFunctionWrapper",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Masked",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "ExpectedTargets",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.losses", name)
