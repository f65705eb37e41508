"""Copies a Keras optimizer's state: the number of steps, and slots such as Adam's momentums and velocities."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.models import Model
from nnc.optimizers import ITERATIONS

_SLOTS = ("momentum", "velocity", "velocity_hat", "average_gradient")
"""Names of slots, the same in Keras and here."""
_REMEDY = "read the model with compile=False"


def copy_optimizer_state(source: Any, model: Model) -> None:
    """Copy the state of a Keras 3 optimizer that has made steps; that of Keras 2 starts afresh.

    Args:
        source: the Keras model.
        model: the nnc model with the same layers, compiled.

    Raises:
        ModelError: a part of the state belongs to no weight, or has another shape.
    """
    optimizer = source.optimizer
    variables = getattr(optimizer, "variables", None)
    if not isinstance(variables, list | tuple) or not getattr(optimizer, "built", False):
        return
    # a slot is named after its weight's path with '_' for '/'; what comes before are scopes
    slots = {variable.path.rpartition("/")[2]: variable for variable in variables if hasattr(variable, "path")}
    program = model.program
    steps = slots.pop("iteration", None)
    slots.pop("learning_rate", None)  # part of the config
    if steps is not None and model.optimizer.counts_steps:
        program.states[ITERATIONS] = numpy.array(_array(steps), "int64")
    paths = _keras_paths(source, model)
    for spec in program.spec.variables:
        for slot in _SLOTS:
            variable = slots.pop(f"{paths.get(spec.path)}_{slot}", None)
            if variable is None or not spec.trainable:  # frozen after it was trained
                continue
            array = _array(variable)
            if array.shape != spec.shape:
                message = f"{slot} of weight '{spec.path}' has the shape {array.shape}, expected {spec.shape}"
                raise ModelError(f"{message}; {_REMEDY}")
            state = program.states[spec.state]
            whole = program.states.setdefault(f"optimizer/{slot}/{spec.state}", numpy.zeros(state.shape, state.dtype))
            whole.reshape(-1)[spec.offset : spec.offset + array.size] = array.reshape(-1)
    if slots:
        raise ModelError(f"optimizer state '{next(iter(slots))}' belongs to no weight of the model; {_REMEDY}")


def _keras_paths(source: Any, model: Model) -> dict[str, str]:
    """Return by a weight's path in nnc its path in Keras, as the names of slots have it."""
    layers = {layer.name: layer for layer in model.layers}
    paths: dict[str, str] = {}
    for keras_layer in source.layers:
        if keras_layer.name in layers:
            for weight, keras_weight in zip(layers[keras_layer.name].weights, keras_layer.weights, strict=True):
                paths[weight.path] = str(keras_weight.path).replace("/", "_")
    return paths


def _array(variable: Any) -> Any:
    value = variable.numpy() if hasattr(variable, "numpy") else variable.value
    return numpy.asarray(value)
