"""Models, and how they are compiled, as plain data in Keras's form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from nnc import losses, metrics, optimizers
from nnc.errors import ModelError
from nnc.execution.spec import packed
from nnc.ir import TensorType
from nnc.layers import Layer
from nnc.layers.batch import BATCH
from nnc.layers.constants import array_config
from nnc.layers.input_types import FLOAT
from nnc.layers.nested import layer_config
from nnc.layers.operation import Operation
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.losses.registry import as_loss
from nnc.metrics.registry import BY_SHAPE, metric_for
from nnc.models.nesting import one_or_list
from nnc.models.trainer import Trainer
from nnc.structure import map_leaves

_ANY = TensorType(FLOAT, (BATCH, 1))
"""The type of an output and of its targets, for metrics that do not depend on it."""


def layer_entry(layer: Layer) -> dict[str, Any]:
    """Return class and config of a layer, of a function between layers, or of a model, as Keras's files have them."""
    if isinstance(layer, Operation):
        config = {"name": layer.name, **layer.settings}
        return {
            "module": layer.keras_module,
            "class_name": layer.operation,
            "config": config,
            "registered_name": layer.operation,
        }
    return layer_config(layer)


def sequential_config(model: Trainer, layers: Sequence[Layer], input_shape: Sequence[Any]) -> dict[str, Any]:
    """Return a Sequential's config: its name and its layers, the input first.

    Args:
        model: the model.
        layers: its layers without the input.
        input_shape: shape of its input, where it has one.
    """
    chain = [call.layer for call in model.calls] or layers
    config = {
        "name": model.name,
        "trainable": model.trainable,
        "dtype": _dtype(model),
        "layers": [layer_entry(layer) for layer in chain],
    }
    return config | ({"build_input_shape": list(input_shape)} if model.inputs else {})


def _dtype(model: Layer) -> str:
    dtypes = {weight.dtype for weight in model.weights}
    return dtypes.pop() if len(dtypes) == 1 else FLOAT


def functional_config(model: Trainer) -> dict[str, Any]:
    """Return a functional model's config in the form of Keras 3: layers with their calls, then inputs and outputs."""
    nodes: dict[Call, int] = {}
    entries: list[dict[str, Any]] = []
    calls_of: dict[Any, list[Call]] = {}
    for call in model.calls:
        calls = calls_of.setdefault(call.layer, [])
        nodes[call] = len(calls)
        calls.append(call)
    for layer, calls in calls_of.items():
        inbound = [_call_entry(call, nodes) for call in calls if call.inputs]
        entries.append({**layer_entry(layer), "name": layer.name, "inbound_nodes": inbound})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": one_or_list([_history(tensor, nodes) for tensor in model.inputs]),
        "output_layers": packed(model.output_structure, [_history(tensor, nodes) for tensor in model.outputs]),
    }


def _call_entry(call: Call, nodes: Mapping[Call, int]) -> dict[str, Any]:
    """Return the arguments of a call, with the tensors among them by the calls they come from."""
    args, kwargs = map_leaves(lambda tensor: _keras_tensor(tensor, nodes), (call.args, call.kwargs), SymbolicTensor)
    args, kwargs = map_leaves(array_config, (args, kwargs), numpy.ndarray)
    if isinstance(call.layer, Operation) and call.layer.is_joining and len(args) > 1:
        args = (args,)
    return {"args": list(args), "kwargs": kwargs}


def _history(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> list[Any]:
    assert tensor.call is not None
    return [tensor.call.layer.name, nodes.get(tensor.call, 0), tensor.index]


def _keras_tensor(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> dict[str, Any]:
    config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": _history(tensor, nodes)}
    return {"class_name": "__keras_tensor__", "config": config}


def compile_config(model: Trainer, keeps_names: bool = True) -> dict[str, Any]:
    """Return how a model is compiled, under the names of `Model.compile`'s arguments; empty where it is not.

    Args:
        model: the model.
        keeps_names: whether losses and metrics that were given by their names are these names, as in Keras's files, and
            not configs; names that depend on an output, such as ``accuracy``, always are.

    Raises:
        ModelError: the optimizer, a loss or a metric cannot be serialised.
    """
    objective = model.objective
    if not objective.is_given:
        return {}
    given = {
        "loss": _serialized(objective.loss, lambda item: losses.serialize(as_loss(item)), keeps_names),
        "loss_weights": objective.loss_weights,
        "metrics": _serialized(objective.metrics, _metric_entry, keeps_names),
        "weighted_metrics": _serialized(objective.weighted_metrics, _metric_entry, keeps_names),
    }
    return {
        "optimizer": optimizers.serialize(model.optimizer),
        **{key: _nested(item, model) for key, item in given.items()},
        "run_eagerly": False,
        "steps_per_execution": model.steps_per_execution,
        "jit_compile": "auto",
    }


def _serialized(given: Any, serialize: Callable[[Any], Any], keeps_names: bool) -> Any:
    """Return what `compile` was given, each object in it by its config."""
    if isinstance(given, list | tuple):
        return [_serialized(item, serialize, keeps_names) for item in given]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {key: _serialized(item, serialize, keeps_names) for key, item in given.items()}
    is_kept = given is None or isinstance(given, Mapping) or (keeps_names and isinstance(given, str))
    return given if is_kept else serialize(given)


def _metric_entry(given: Any) -> Any:
    name = given() if given is metrics.accuracy else given
    if isinstance(name, str) and name.lower() in BY_SHAPE:
        return name.lower()
    return metrics.serialize(metric_for(given, _ANY, _ANY))


def _nested(given: Any, model: Trainer) -> Any:
    """Return a list of what belongs to each output nested as the outputs are; anything else as it is."""
    is_list = model.output_structure is not None and isinstance(given, list) and len(given) == len(model.outputs)
    return packed(model.output_structure, given) if is_list else given


def json_text(entry: Mapping[str, Any], **options: Any) -> str:
    """Return plain data as JSON, arrays and numbers of NumPy's among it.

    Args:
        entry: what `layer_entry` or `compile_config` return.
        options: of ``json.dumps``.

    Raises:
        ModelError: there is something else among it.
    """
    return json.dumps(entry, **{"default": _plain, **options})


def _plain(value: Any) -> Any:
    if isinstance(value, numpy.ndarray | numpy.generic):
        return value.tolist()
    raise ModelError(f"{value!r:.80} cannot be written as JSON; define get_config() so that it returns plain values")


def serialized(model: Layer) -> dict[str, Any]:
    """Return class and config; empty where a custom part cannot be serialised."""
    try:
        entry = layer_entry(model)
    except (ModelError, TypeError):
        return {}
    return entry


def serialized_compile(model: Trainer) -> dict[str, Any]:
    """Return how a model is compiled; empty where it is not, or where a part cannot be serialised."""
    try:
        found: dict[str, Any] = json.loads(json_text(compile_config(model)))
    except (ModelError, TypeError, ValueError):
        return {}
    return found
