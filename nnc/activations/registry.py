"""Keras's activations by name, and the way between activations and their configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc.activations.activation import Activation
from nnc.activations.gates import gelu, glu, hard_silu, mish, silu
from nnc.activations.layered import ELU, LeakyReLU, ReLU, Softmax
from nnc.activations.normalizing import log_softmax, softmax, sparsemax
from nnc.activations.ramps import exponential, linear, softplus, sparse_plus, squareplus
from nnc.activations.rectifiers import celu, elu, leaky_relu, relu, relu6, selu, threshold
from nnc.activations.shrinking import hard_shrink, soft_shrink, tanh_shrink
from nnc.activations.sigmoids import (
    hard_sigmoid,
    hard_sigmoid_keras_2,
    hard_tanh,
    log_sigmoid,
    sigmoid,
    softsign,
    sparse_sigmoid,
    tanh,
)
from nnc.ir import Value
from nnc.objects import Registry, function_config, is_function

ActivationFunction = Callable[..., Value]
"""A function of a graph value, and of settings that have defaults."""

_FUNCTIONS: tuple[ActivationFunction, ...] = (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

ACTIVATIONS: Mapping[str, ActivationFunction] = MappingProxyType(
    dict(sorted(({item.__name__: item for item in _FUNCTIONS} | {"hard_swish": hard_silu, "swish": silu}).items()))
)
"""Every name that ``keras.activations.get`` knows."""

OF_FILES: Mapping[str, Any] = MappingProxyType(
    {item.__name__: item for item in (ELU, LeakyReLU, ReLU, Softmax, hard_sigmoid_keras_2)}
)
"""Further entries for model files: meanings that a name had before, and layers instead of functions."""


class _Activations(Registry[ActivationFunction]):
    def find(self, name: str) -> Any:
        return self.table.get(name) or OF_FILES.get(name)

    def adapt(self, item: Any) -> ActivationFunction | None:
        return linear if item is None else item if is_function(item) else None


_REGISTRY = _Activations("activation", Activation, ACTIVATIONS, "keras.activations", "a function or an Activation")
get = _REGISTRY.get
deserialize = _REGISTRY.deserialize


def is_known(name: Any) -> bool:
    """Return whether a name, or a class name in a config, is that of an activation of Keras's."""
    return _REGISTRY.find(name) is not None


def serialize(activation: ActivationFunction) -> str | dict[str, Any]:
    """Return the name of one of Keras's activations, or a config for a user's own, in Keras's form.

    Raises:
        ModelError: the function has no name to find it by.
    """
    for name, function in (*ACTIVATIONS.items(), *OF_FILES.items()):
        if activation is function and function.__name__ == name:
            return name
    if isinstance(activation, Activation):
        config = _REGISTRY.serialize(activation)
        is_layer = OF_FILES.get(type(activation).__name__) is type(activation)
        return config | ({"module": "keras.layers"} if is_layer else {})
    return function_config(activation, f"activation {activation!r}", _REGISTRY.find)
