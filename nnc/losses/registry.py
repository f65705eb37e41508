"""Keras's losses by name, and the way between losses and their configs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from nnc.errors import ModelError
from nnc.ir import Value
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
from nnc.objects import Kind, Registry, is_function, split_config

LossFunction = Callable[..., Value | Masked]
"""A function of targets and output, and of settings that have defaults."""

FUNCTIONS: Mapping[str, LossFunction] = MappingProxyType(
    {
        "binary_crossentropy": binary_crossentropy,
        "binary_focal_crossentropy": binary_focal_crossentropy,
        "categorical_crossentropy": categorical_crossentropy,
        "categorical_focal_crossentropy": categorical_focal_crossentropy,
        "categorical_generalized_cross_entropy": categorical_generalized_cross_entropy,
        "categorical_hinge": categorical_hinge,
        "circle": circle,
        "cosine_similarity": cosine_similarity,
        "ctc": ctc,
        "dice": dice,
        "hinge": hinge,
        "huber": huber,
        "kl_divergence": kl_divergence,
        "log_cosh": log_cosh,
        "mean_absolute_error": mean_absolute_error,
        "mean_absolute_percentage_error": mean_absolute_percentage_error,
        "mean_squared_error": mean_squared_error,
        "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
        "poisson": poisson,
        "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
        "squared_hinge": squared_hinge,
        "tversky": tversky,
    }
)
"""The functions that losses are made of."""

LOSSES: Mapping[str, type[Loss]] = MappingProxyType(
    {
        "BCE": BinaryCrossentropy,
        "BinaryCrossentropy": BinaryCrossentropy,
        "BinaryFocalCrossentropy": BinaryFocalCrossentropy,
        "CTC": CTC,
        "CategoricalCrossentropy": CategoricalCrossentropy,
        "CategoricalFocalCrossentropy": CategoricalFocalCrossentropy,
        "CategoricalGeneralizedCrossEntropy": CategoricalGeneralizedCrossEntropy,
        "CategoricalHinge": CategoricalHinge,
        "Circle": Circle,
        "CosineSimilarity": CosineSimilarity,
        "Dice": Dice,
        "Hinge": Hinge,
        "Huber": Huber,
        "KLD": KLDivergence,
        "KLDivergence": KLDivergence,
        "LogCosh": LogCosh,
        "MAE": MeanAbsoluteError,
        "MAPE": MeanAbsolutePercentageError,
        "MSE": MeanSquaredError,
        "MSLE": MeanSquaredLogarithmicError,
        "MeanAbsoluteError": MeanAbsoluteError,
        "MeanAbsolutePercentageError": MeanAbsolutePercentageError,
        "MeanSquaredError": MeanSquaredError,
        "MeanSquaredLogarithmicError": MeanSquaredLogarithmicError,
        "Poisson": Poisson,
        "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
        "SquaredHinge": SquaredHinge,
        "Tversky": Tversky,
        "bce": BinaryCrossentropy,
        "binary_crossentropy": BinaryCrossentropy,
        "binary_focal_crossentropy": BinaryFocalCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
        "categorical_generalized_cross_entropy": CategoricalGeneralizedCrossEntropy,
        "categorical_hinge": CategoricalHinge,
        "circle": Circle,
        "cosine_similarity": CosineSimilarity,
        "ctc": CTC,
        "dice": Dice,
        "hinge": Hinge,
        "huber": Huber,
        "kl_divergence": KLDivergence,
        "kld": KLDivergence,
        "kullback_leibler_divergence": KLDivergence,
        "log_cosh": LogCosh,
        "logcosh": LogCosh,
        "mae": MeanAbsoluteError,
        "mape": MeanAbsolutePercentageError,
        "mean_absolute_error": MeanAbsoluteError,
        "mean_absolute_percentage_error": MeanAbsolutePercentageError,
        "mean_squared_error": MeanSquaredError,
        "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
        "mse": MeanSquaredError,
        "msle": MeanSquaredLogarithmicError,
        "poisson": Poisson,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
        "squared_hinge": SquaredHinge,
        "tversky": Tversky,
    }
)
"""Every name that ``keras.losses.get`` knows for these classes, and those of Keras 2."""

_BY_TARGET = frozenset({"crossentropy", "ce"})


class MeasureRegistry(Registry[Kind]):
    """Losses or metrics by name; the config of one that wraps a function has the function's name."""

    wrapper: ClassVar[type[Any]]
    functions: ClassVar[Mapping[str, LossFunction]]

    def deserialize(self, config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Return the loss or metric of a name or of a config of `serialize`; see `Registry.deserialize`."""
        own = custom_objects or {}
        identity, arguments = split_config(config, f"a {self.noun}")
        if identity.name != self.wrapper.__name__ or identity.name_among(own) is not None or not identity.is_keras:
            return super().deserialize(config, own)
        function = given = arguments.get("fn")
        if isinstance(given, str | Mapping):
            measure, _ = split_config(given, f"the function of a {self.noun}")
            known, given = measure.name_among(own), measure.name
            function = own[known] if known is not None else self.functions.get(given) if measure.is_keras else None
        if not callable(function):
            raise ModelError(f"unknown {self.noun} function {given!r}; give it in custom_objects")
        wrapped: Kind = self.wrapper.from_config(arguments | {"fn": function})
        return wrapped


class _Losses(MeasureRegistry[Loss]):
    wrapper = LossFunctionWrapper
    functions = FUNCTIONS

    def adapt(self, item: Any) -> Loss | None:
        if isinstance(item, Loss) or not is_function(item):
            return super().adapt(item)
        name = next((name for name, function in FUNCTIONS.items() if function is item), None)
        return LossFunctionWrapper(item) if name is None else LOSSES[name]()

    def create(self, name: str, cls: Any, arguments: Mapping[str, Any]) -> Any:
        is_alias = name != cls.__name__ and LOSSES.get(name) is cls
        return super().create(name, cls, {"name": name, **arguments} if is_alias else arguments)

    def unknown(self, name: str, known: Iterable[str]) -> str:
        if name.lower() not in _BY_TARGET:
            return super().unknown(name, known)
        return (
            f"loss '{name}' depends on the targets, which are not known here; use 'binary_crossentropy' for one unit,"
            " 'categorical_crossentropy' for one-hot targets or 'sparse_categorical_crossentropy' for class indices"
        )


_REGISTRY = _Losses("loss", Loss, LOSSES, "keras.losses", "a Loss or a function of (y_true, y_pred)")
get = _REGISTRY.get
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize
