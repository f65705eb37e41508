"""What Keras keeps beside models, and nnc does not."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

from nnc.settings import SETTINGS


def clear_session(free_memory: bool = True) -> None:
    """Free what models that are gone have left in memory, and forget the element type of layers.

    Layers that are made from then on have that of `nnc.config.floatx`, whatever `set_dtype_policy` has said. Names of
    layers, which Keras counts on from model to model, begin anew in each model of nnc without it.

    Args:
        free_memory: whether Python looks for objects that nothing refers to any more.
    """
    SETTINGS.layer_dtype = None
    if free_memory:
        gc.collect()


def get_source_inputs(tensor: Any) -> Any:
    """Return the inputs that a symbolic tensor is computed from, each once; anything else as it is.

    Args:
        tensor: a symbolic tensor.
    """
    return import_module("nnc.models.wiring").source_inputs(tensor) if is_keras_tensor(tensor) else tensor


def is_keras_tensor(x: Any) -> bool:
    """Return whether something is a symbolic tensor, which calls of layers make between an input and an output.

    Args:
        x: anything.
    """
    return isinstance(x, import_module("nnc.layers").SymbolicTensor)
