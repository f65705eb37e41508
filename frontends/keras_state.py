"""Copies a live Keras optimizer's state: the number of steps, and its slots for each weight."""

from __future__ import annotations

from typing import Any

import numpy

from frontends.keras_calls import safe_name
from nnc.errors import ModelError
from nnc.layers.weights import weight_paths
from nnc.models import Model
from nnc.optimizers import import_variables
from nnc.program import VariableSpec

_REMEDY = "read the model with compile=False"


def copy_optimizer_state(source: Any, model: Model) -> None:
    """Copy the state of a Keras 3 optimizer that has been built; that of Keras 2 starts afresh.

    Args:
        source: the Keras model.
        model: the nnc model with the same layers, compiled.

    Raises:
        ModelError: a part of the state belongs to no weight, is missing, or has another shape.
    """
    variables, trained = (getattr(source.optimizer, name, None) for name in ("variables", "_trainable_variables"))
    if not isinstance(variables, list | tuple) or not trained or not getattr(source.optimizer, "built", False):
        return
    specs = _specs(source, model)
    windows = []
    for variable in trained:
        if id(variable) not in specs:
            raise ModelError(
                f"the optimizer has state of '{variable.path}', which is no weight of the model; {_REMEDY}"
            )
        windows.append(specs[id(variable)])
    kept = [spec for spec in windows if spec.trainable]  # others were frozen after they were trained
    known = {spec.path for spec in kept}
    new = [spec.path for spec in model.program.spec.variables if spec.trainable and spec.path not in known]
    if new:
        raise ModelError(f"the optimizer has no state of weight '{new[0]}'; {_REMEDY}")
    expected = model.optimizer.saved_variables(windows)
    if len(expected) != len(variables):
        raise ModelError(f"the optimizer has {len(variables)} variables, expected {len(expected)}; {_REMEDY}")
    names = {item.name for item in model.optimizer.saved_variables(kept)}
    arrays = [_array(variable) for item, variable in zip(expected, variables, strict=True) if item.name in names]
    try:
        import_variables(model.optimizer, kept, model.program.states, arrays)
    except ModelError as error:
        raise ModelError(f"{error}; {_REMEDY}") from None


def _specs(source: Any, model: Model) -> dict[int, VariableSpec]:
    """Return by a Keras weight's identity where it lies in the program."""
    by_path = {spec.path: spec for spec in model.program.spec.variables}
    paths = weight_paths(model)
    layers = {layer.name: layer for layer in model.layers}
    found: dict[int, VariableSpec] = {}
    for keras_layer in source.layers:
        layer = layers.get(safe_name(keras_layer.name))
        if layer is not None:
            for weight, keras_weight in zip(layer.weights, keras_layer.weights, strict=True):
                found[id(keras_weight)] = by_path[paths[weight]]
    return found


def _array(variable: Any) -> Any:
    return numpy.asarray(variable.numpy() if hasattr(variable, "numpy") else variable.value)
