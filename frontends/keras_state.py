"""Copies a live Keras optimizer's state: the number of steps, and its slots for each weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from frontends.element_types import widened_array
from frontends.hdf5 import StoredArray
from frontends.keras_calls import safe_name
from frontends.optimizer_state import from_keras_2
from frontends.origin import Origin
from frontends.problems import Problems
from nnc.errors import ModelError
from nnc.layers.variable import Variable
from nnc.layers.weights import weight_paths
from nnc.models import Model
from nnc.optimizers.windows import Whole
from nnc.program import VariableSpec

_REMEDY = "read the model with compile=False"


def copy_optimizer_state(
    source: Any, model: Model, origin: Origin, problems: Problems, traced: Mapping[int, Variable] | None = None
) -> None:
    """Copy the state of a Keras optimizer that has been built.

    Args:
        source: the Keras model.
        model: the nnc model with the same layers, compiled.
        origin: which Keras it is of.
        problems: where it is noted that the state of Keras 2 does not fit, and the optimizer starts afresh.
        traced: the weights of a traced model by the identity of Keras's; None where layers have equal names.

    Raises:
        ModelError: a part of the state belongs to no weight, is missing, or has another shape.
    """
    if origin.is_old:
        _copy_from_keras_2(source, model, problems)
        return
    optimizer = _inner_optimizer(source)
    variables, trained = (getattr(optimizer, name, None) for name in ("variables", "_trainable_variables"))
    if not isinstance(variables, list | tuple) or not trained or not getattr(optimizer, "built", False):
        return
    specs = _specs(source, model, traced)
    windows = []
    for variable in trained:
        if id(variable) not in specs:
            raise ModelError(
                f"the optimizer has state of '{variable.path}', which is not a weight of the model; {_REMEDY}"
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
        model.optimizer.import_variables(kept, model.program.states, arrays)
    except ModelError as error:
        raise ModelError(f"{error}; {_REMEDY}") from None


def copy_exclusions(source: Any, model: Model, traced: Mapping[int, Variable] | None = None) -> None:
    """Let an optimizer not decay the weights that ``exclude_from_weight_decay`` was called with.

    Args:
        source: the Keras model, of Keras 3.
        model: the nnc model, compiled.
        traced: see `copy_optimizer_state`.
    """
    optimizer: Any = _inner_optimizer(source)
    keys = getattr(optimizer, "_exclude_from_weight_decay", None) or ()
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    if not keys and pattern is None:
        return
    paths = paths_of(source, model, traced)
    excluded = [
        paths[id(weight)]
        for weight in source.trainable_weights
        if optimizer._var_key(weight) in keys or (pattern is not None and pattern.search(weight.name))
    ]
    model.optimizer.exclude_from_weight_decay([Whole(path, "", 0, ()) for path in excluded])


def _inner_optimizer(source: Any) -> Any:
    """Return the optimizer of a model, without the loss scale around it."""
    optimizer = source.optimizer
    return optimizer.inner_optimizer if type(optimizer).__name__.startswith("LossScaleOptimizer") else optimizer


def _copy_from_keras_2(source: Any, model: Model, problems: Problems) -> None:
    variables = _inner_optimizer(source).variables
    variables = variables() if callable(variables) else variables  # of the optimizers before 2.11
    arrays = [StoredArray(name, name, array.shape, array) for name, array in ((v.name, _array(v)) for v in variables)]
    if not arrays or (arrays[0].shape == () and arrays[0].read() == 0):  # it has made no step yet
        return
    specs = _specs(source, model)
    windows = [specs[id(weight)] for weight in source.trainable_weights]
    try:
        names = [array.name for array in arrays]
        found = from_keras_2(model.optimizer, arrays, names, windows, model.optimizer.saved_variables(windows))
        model.optimizer.import_variables(windows, model.program.states, found)
    except ValueError as error:
        problems.note(f"its optimizer starts afresh: {error}")


def paths_of(source: Any, model: Model, variables: Mapping[int, Variable] | None = None) -> dict[int, str]:
    """Return by a Keras weight's identity the path of nnc's.

    Args:
        source: the Keras model.
        model: the nnc model with the same layers.
        variables: the weights of a traced model by the identity of Keras's; None where layers have equal names.
    """
    paths = weight_paths(model)
    if variables is not None:
        return {key: paths[variable] for key, variable in variables.items() if variable in paths}
    layers = {layer.name: layer for layer in model.layers}
    found: dict[int, str] = {}
    for keras_layer in source.layers:
        layer = layers.get(safe_name(keras_layer.name))
        if layer is not None:
            for weight, keras_weight in zip(layer.weights, keras_layer.weights, strict=True):
                found[id(keras_weight)] = paths[weight]
    return found


def _specs(source: Any, model: Model, variables: Mapping[int, Variable] | None = None) -> dict[int, VariableSpec]:
    """Return by a Keras weight's identity where it lies in the program; see `paths_of`."""
    by_path = {spec.path: spec for spec in model.program.spec.variables}
    return {key: by_path[path] for key, path in paths_of(source, model, variables).items()}


def _array(variable: Any) -> Any:
    return widened_array(numpy.asarray(variable.numpy() if hasattr(variable, "numpy") else variable.value))
