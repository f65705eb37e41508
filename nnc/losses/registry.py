"""Keras's losses by name, and the way between losses and their configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc.errors import ModelError, nearest
from nnc.ir import Value
from nnc.losses.binary import BinaryCrossentropy, binary_crossentropy
from nnc.losses.categorical import (
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from nnc.losses.config import object_config, split_config
from nnc.losses.loss import Loss, LossFunctionWrapper
from nnc.losses.regression import MeanAbsoluteError, MeanSquaredError, mean_absolute_error, mean_squared_error

LossFunction = Callable[..., Value]
"""A function of targets and output, and of settings that have defaults."""

FUNCTIONS: Mapping[str, LossFunction] = MappingProxyType(
    {
        "binary_crossentropy": binary_crossentropy,
        "categorical_crossentropy": categorical_crossentropy,
        "mean_absolute_error": mean_absolute_error,
        "mean_squared_error": mean_squared_error,
        "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    }
)
"""The functions that losses are made of."""

LOSSES: Mapping[str, type[Loss]] = MappingProxyType(
    {
        "BCE": BinaryCrossentropy,
        "BinaryCrossentropy": BinaryCrossentropy,
        "CategoricalCrossentropy": CategoricalCrossentropy,
        "MAE": MeanAbsoluteError,
        "MSE": MeanSquaredError,
        "MeanAbsoluteError": MeanAbsoluteError,
        "MeanSquaredError": MeanSquaredError,
        "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
        "bce": BinaryCrossentropy,
        "binary_crossentropy": BinaryCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "mae": MeanAbsoluteError,
        "mean_absolute_error": MeanAbsoluteError,
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    }
)
"""Every name that ``keras.losses.get`` knows for these classes."""

_BY_TARGET = frozenset({"crossentropy", "ce"})


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """Return a loss.

    Args:
        identifier: a name, a config of `serialize`, a `Loss` or a subclass of it, or a function of targets and output.
        custom_objects: the user's own losses by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier, custom_objects)
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier.from_config({})
    if callable(identifier) and not isinstance(identifier, type):
        name = next((name for name, function in FUNCTIONS.items() if function is identifier), None)
        return LossFunctionWrapper(identifier) if name is None else LOSSES[name]()
    raise ModelError(f"a loss must be a name, a config, a Loss or a function of (y_true, y_pred), got {identifier!r}")


def serialize(loss: Loss) -> dict[str, Any]:
    """Return the loss's config in Keras's form.

    Raises:
        ModelError: it is made of a function without a name to find it by.
    """
    known = LOSSES.get(type(loss).__name__) is type(loss)
    return object_config(loss, "keras.losses" if known else None)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """Return the loss of a name or of a config of `serialize`; nothing is imported or executed.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        custom_objects: the user's own losses by name.

    Raises:
        ModelError: the name or an argument is unknown, or the config is malformed.
    """
    name, arguments = split_config(config, "a loss")
    own = dict(custom_objects or {})
    if name == LossFunctionWrapper.__name__ and name not in own:
        function = wrapped_function(arguments.pop("fn", None), own, "loss")
        return LossFunctionWrapper.from_config(arguments | {"fn": function})
    found: object = own.get(name, LOSSES.get(name))
    if found is None:
        raise ModelError(_unknown(name, own))
    if isinstance(found, type) and issubclass(found, Loss):
        named = {} if found.__name__ == name or name in own else {"name": name}
        return found.from_config(named | arguments)
    if arguments:
        raise ModelError(f"loss '{name}' takes no config, got {arguments}")
    return get(found)


def _unknown(name: str, own: Mapping[str, Any]) -> str:
    if name.lower() in _BY_TARGET:
        return (
            f"loss '{name}' depends on the targets, which are not known here; use 'binary_crossentropy' for one unit,"
            " 'categorical_crossentropy' for one-hot targets or 'sparse_categorical_crossentropy' for class indices"
        )
    return f"unknown loss '{name}'.{nearest(name, [*LOSSES, *own])}"


def wrapped_function(config: Any, own: Mapping[str, Any], what: str) -> LossFunction:
    """Return the function that a wrapper's config names.

    Raises:
        ModelError: there is none of this name.
    """
    name = split_config(config, f"the function of a {what}")[0] if isinstance(config, str | Mapping) else config
    found = own.get(name, FUNCTIONS.get(name)) if isinstance(name, str) else name
    if not callable(found):
        raise ModelError(f"unknown {what} function {name!r}; give it in custom_objects")
    function: LossFunction = found
    return function
