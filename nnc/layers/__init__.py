"""Layers: Keras's vocabulary, each lowering itself to graph arithmetic.

A family of layers is imported when one of its layers is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.layers.base import Layer
from nnc.layers.registry import layer_class, layer_classes, register
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.variable import Variable

if TYPE_CHECKING:
    from nnc.layers.activation import *
    from nnc.layers.core import *
    from nnc.layers.merging import *
    from nnc.layers.regularization import *
    from nnc.layers.reshaping import *

_CLASSES = {
    "Activation": "core",
    "Add": "merging",
    "Concatenate": "merging",
    "Dense": "core",
    "Dropout": "regularization",
    "Flatten": "reshaping",
    "InputLayer": "core",
    "ReLU": "activation",
    "Reshape": "reshaping",
    "Softmax": "activation",
}
"""Module of each layer class."""
_FUNCTIONS = {
    "Input": "core",
}
"""Module of each function."""
_ALIASES: dict[str, str] = {}
"""Second names of layer classes, as Keras has them."""

__all__ = [  # noqa: PLE0604  (all are strings)
    "Call",
    "Layer",
    "SymbolicTensor",
    "Variable",
    "layer_class",
    "layer_classes",
    "register",
    *_CLASSES,
    *_FUNCTIONS,
    *_ALIASES,
]


def __getattr__(name: str) -> Any:
    module = _CLASSES.get(_ALIASES.get(name, name)) or _FUNCTIONS.get(name)
    if module is None:
        raise AttributeError(f"module 'nnc.layers' has no attribute {name!r}")
    value = getattr(import_module(f"nnc.layers.{module}"), _ALIASES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
