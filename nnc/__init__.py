"""nnc compiles Keras models into static graphs that NumPy alone predicts and trains.

The names are Keras's: ``import nnc as nn`` instead of ``from tensorflow import keras as nn``.
Everything is imported when it is first used, so that running a saved program needs NumPy only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.observation import observe_with
from nnc.presentation import present_with

__version__ = "0.1.0"
present_with("nnc.render.notebook")
observe_with("nnc.hints.registry")

if TYPE_CHECKING:
    from nnc import (
        activations,
        applications,
        backend,
        callbacks,
        config,
        constraints,
        data,
        datasets,
        dtype_policies,
        errors,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        passes,
        preprocessing,
        random,
        regularizers,
        render,
        saving,
        tree,
        utils,
        visualization,
        wrappers,
    )
    from nnc import ir as ir
    from nnc import plan as plan
    from nnc import program as program
    from nnc import sklearn as sklearn
    from nnc.callbacks import History
    from nnc.compiled_function import function
    from nnc.compiling import compile
    from nnc.data import Dataset
    from nnc.distribute.sweeps import sweep
    from nnc.dtype_policies import DTypePolicy, FloatDTypePolicy
    from nnc.initializers import Initializer
    from nnc.inspection import diff, inspect
    from nnc.layers import Input, InputSpec, Layer
    from nnc.layers import SymbolicTensor as KerasTensor
    from nnc.losses import Loss
    from nnc.metrics import Metric
    from nnc.models import Model, Sequential
    from nnc.optimizers import Optimizer
    from nnc.program import Program, load
    from nnc.regularizers import Regularizer
    from nnc.scopes import device, name_scope, remat
    from nnc.tape import GradientTape
    from nnc.variable import Variable

_MODULES = (
    "activations",
    "applications",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "data",
    "datasets",
    "dtype_policies",
    "errors",
    "initializers",
    "ir",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "passes",
    "plan",
    "preprocessing",
    "program",
    "random",
    "regularizers",
    "render",
    "saving",
    "sklearn",
    "tree",
    "utils",
    "visualization",
    "wrappers",
)
_MEMBERS = {
    "DTypePolicy": "nnc.dtype_policies",
    "Dataset": "nnc.data",
    "GradientTape": "nnc.tape",
    "FloatDTypePolicy": "nnc.dtype_policies",
    "History": "nnc.callbacks",
    "Initializer": "nnc.initializers",
    "Input": "nnc.layers",
    "InputSpec": "nnc.layers",
    "Layer": "nnc.layers",
    "Loss": "nnc.losses",
    "Metric": "nnc.metrics",
    "Model": "nnc.models",
    "Optimizer": "nnc.optimizers",
    "Program": "nnc.program",
    "Regularizer": "nnc.regularizers",
    "Sequential": "nnc.models",
    "Variable": "nnc.variable",
    "compile": "nnc.compiling",
    "device": "nnc.scopes",
    "diff": "nnc.inspection",
    "function": "nnc.compiled_function",
    "inspect": "nnc.inspection",
    "load": "nnc.program",
    "name_scope": "nnc.scopes",
    "remat": "nnc.scopes",
    "sweep": "nnc.distribute.sweeps",
}
_RENAMED = {"KerasTensor": ("nnc.layers", "SymbolicTensor")}

__all__ = [
    "DTypePolicy",
    "Dataset",
    "FloatDTypePolicy",
    "GradientTape",
    "History",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Program",
    "Regularizer",
    "Sequential",
    "Variable",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "compile",
    "config",
    "constraints",
    "data",
    "datasets",
    "device",
    "diff",
    "dtype_policies",
    "errors",
    "function",
    "initializers",
    "inspect",
    "layers",
    "load",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "passes",
    "preprocessing",
    "random",
    "regularizers",
    "remat",
    "render",
    "saving",
    "sweep",
    "tree",
    "utils",
    "version",
    "visualization",
    "wrappers",
]


def version() -> str:
    """Return the version of nnc."""
    return __version__


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"nnc.{name}")
        if name in _MEMBERS:
            value = getattr(import_module(_MEMBERS[name]), name)
            globals()[name] = value
            return value
        if name in _RENAMED:
            module, own = _RENAMED[name]
            return getattr(import_module(module), own)
        raise import_module("nnc.absent_names").absence("nnc", name)


def __dir__() -> list[str]:
    return sorted(
        {*_MODULES, *_MEMBERS, *_RENAMED, "version", "__doc__", "__file__", "__name__", "__path__", "__version__"}
    )
