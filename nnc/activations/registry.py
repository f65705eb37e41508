"""Keras's activations by name, and the way between activations and their configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc.activations.activation import Activation
from nnc.activations.gates import gelu, glu, hard_silu, mish, silu
from nnc.activations.normalizing import log_softmax, softmax, sparsemax
from nnc.activations.ramps import exponential, linear, softplus, sparse_plus, squareplus
from nnc.activations.rectifiers import celu, elu, leaky_relu, relu, relu6, selu, threshold
from nnc.activations.shrinking import hard_shrink, soft_shrink, tanh_shrink
from nnc.activations.sigmoids import hard_sigmoid, hard_tanh, log_sigmoid, sigmoid, softsign, sparse_sigmoid, tanh
from nnc.errors import ModelError, nearest
from nnc.ir import Value

ActivationFunction = Callable[..., Value]
"""A function of a graph value, and of settings that have defaults."""

ACTIVATIONS: Mapping[str, ActivationFunction] = MappingProxyType(
    {
        "celu": celu,
        "elu": elu,
        "exponential": exponential,
        "gelu": gelu,
        "glu": glu,
        "hard_shrink": hard_shrink,
        "hard_sigmoid": hard_sigmoid,
        "hard_silu": hard_silu,
        "hard_swish": hard_silu,
        "hard_tanh": hard_tanh,
        "leaky_relu": leaky_relu,
        "linear": linear,
        "log_sigmoid": log_sigmoid,
        "log_softmax": log_softmax,
        "mish": mish,
        "relu": relu,
        "relu6": relu6,
        "selu": selu,
        "sigmoid": sigmoid,
        "silu": silu,
        "soft_shrink": soft_shrink,
        "softmax": softmax,
        "softplus": softplus,
        "softsign": softsign,
        "sparse_plus": sparse_plus,
        "sparse_sigmoid": sparse_sigmoid,
        "sparsemax": sparsemax,
        "squareplus": squareplus,
        "swish": silu,
        "tanh": tanh,
        "tanh_shrink": tanh_shrink,
        "threshold": threshold,
    }
)
"""Every name that ``keras.activations.get`` knows."""


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> ActivationFunction:
    """Return an activation.

    Args:
        identifier: a name, a config of `serialize`, a function of a graph value, an `Activation` or a subclass
            of it; None means linear.
        custom_objects: the user's own activations by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier, custom_objects)
    if isinstance(identifier, type) and issubclass(identifier, Activation):
        return identifier.from_config({})
    if callable(identifier) and not isinstance(identifier, type):
        function: ActivationFunction = identifier
        return function
    raise ModelError(f"an activation must be a name, a config, a function or an Activation, got {identifier!r}")


def serialize(activation: ActivationFunction) -> str | dict[str, Any]:
    """Return the name of one of Keras's activations, or a config for a user's own, in Keras's form.

    Raises:
        ModelError: the function has no name to find it by.
    """
    for name, function in ACTIVATIONS.items():
        if activation is function and function.__name__ == name:
            return name
    if isinstance(activation, Activation):
        cls = type(activation)
        return _config(cls.__module__, cls.__name__, activation.get_config(), cls.__name__)
    name = getattr(activation, "__name__", "<lambda>")
    if not name.isidentifier():
        raise ModelError(
            f"activation {activation!r} has no name and cannot be saved; define it with 'def' or as a class"
        )
    return _config("builtins", "function", name, "function")


def _config(module: str, class_name: str, config: Any, registered_name: str) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> ActivationFunction:
    """Return the activation of a name or of a config of `serialize`; nothing is imported or executed.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        custom_objects: the user's own activations by name.

    Raises:
        ModelError: the name is unknown or the config is malformed.
    """
    arguments: Any = {}
    name: Any = config
    if not isinstance(config, str):
        name, arguments = config.get("class_name"), config.get("config") or {}
        if name == "function":
            name, arguments = arguments, {}
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise ModelError(f"an activation's config needs 'class_name' and 'config', got {dict(config)}")
    own = dict(custom_objects or {})
    found = own.get(name, ACTIVATIONS.get(name))
    if found is None:
        raise ModelError(f"unknown activation '{name}'.{nearest(name, [*ACTIVATIONS, *own])}")
    if isinstance(found, type) and issubclass(found, Activation):
        return found.from_config(arguments)
    if arguments:
        raise ModelError(f"activation '{name}' takes no config, got {dict(arguments)}")
    return get(found)
