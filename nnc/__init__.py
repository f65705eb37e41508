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
        callbacks,
        constraints,
        data,
        datasets,
        errors,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        passes,
        preprocessing,
        random,
        regularizers,
        render,
        utils,
    )
    from nnc import ir as ir
    from nnc import plan as plan
    from nnc import program as program
    from nnc import sklearn as sklearn
    from nnc.callbacks import History
    from nnc.compiling import compile
    from nnc.data import Dataset
    from nnc.distribute.sweeps import sweep
    from nnc.inspection import diff, inspect
    from nnc.layers import Input
    from nnc.models import Model, Sequential
    from nnc.program import Program, load

_MODULES = (
    "activations",
    "applications",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "errors",
    "initializers",
    "ir",
    "layers",
    "losses",
    "metrics",
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
    "sklearn",
    "utils",
)
_MEMBERS = {
    "Dataset": "nnc.data",
    "History": "nnc.callbacks",
    "Input": "nnc.layers",
    "Model": "nnc.models",
    "Program": "nnc.program",
    "Sequential": "nnc.models",
    "compile": "nnc.compiling",
    "diff": "nnc.inspection",
    "inspect": "nnc.inspection",
    "load": "nnc.program",
    "sweep": "nnc.distribute.sweeps",
}

__all__ = [
    "Dataset",
    "History",
    "Input",
    "Model",
    "Program",
    "Sequential",
    "activations",
    "applications",
    "callbacks",
    "compile",
    "constraints",
    "data",
    "datasets",
    "diff",
    "errors",
    "initializers",
    "inspect",
    "layers",
    "load",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "passes",
    "preprocessing",
    "random",
    "regularizers",
    "render",
    "sweep",
    "utils",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"nnc.{name}")
        if name in _MEMBERS:
            value = getattr(import_module(_MEMBERS[name]), name)
            globals()[name] = value
            return value
        raise AttributeError(f"module 'nnc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*_MODULES, *_MEMBERS, "__doc__", "__file__", "__name__", "__path__", "__version__"})
