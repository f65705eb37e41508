"""Models as plain data in Keras's form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.layers.checks import FLOAT
from nnc.layers.constants import array_config
from nnc.layers.operation import Operation
from nnc.layers.structure import map_leaves
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.wrapping import layer_config
from nnc.models.trainer import one_or_list
from nnc.program.spec import packed

if TYPE_CHECKING:
    from nnc.models.model import Model
    from nnc.models.sequential import Sequential


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


def sequential_config(model: Sequential) -> dict[str, Any]:
    """Return a Sequential's config: its name and its layers, the input first."""
    chain: list[Layer] = [call.layer for call in model.calls] or model.layers
    config = {
        "name": model.name,
        "trainable": model.trainable,
        "dtype": _dtype(model),
        "layers": [layer_entry(layer) for layer in chain],
    }
    return config | ({"build_input_shape": list(model.input_shape)} if model.inputs else {})


def _dtype(model: Model) -> str:
    dtypes = {weight.dtype for weight in model.weights}
    return dtypes.pop() if len(dtypes) == 1 else FLOAT


def functional_config(model: Model) -> dict[str, Any]:
    """Return a functional model's config in the form of Keras 3: layers with their calls, then inputs and outputs."""
    nodes: dict[Call, int] = {}
    entries: list[dict[str, Any]] = []
    for layer in model.operations:
        calls = [call for call in model.calls if call.layer is layer]
        nodes.update({call: index for index, call in enumerate(calls)})
    for layer in model.operations:
        inbound = [_call_entry(call, nodes) for call in model.calls if call.layer is layer and call.inputs]
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
    return {"args": list(args), "kwargs": kwargs}


def _history(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> list[Any]:
    assert tensor.call is not None
    return [tensor.call.layer.name, nodes.get(tensor.call, 0), tensor.index]


def _keras_tensor(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> dict[str, Any]:
    config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": _history(tensor, nodes)}
    return {"class_name": "__keras_tensor__", "config": config}


def serialized(model: Model) -> dict[str, Any]:
    """Return class and config; empty where a custom part cannot be serialised."""
    try:
        entry = layer_entry(model)
    except (ModelError, TypeError):
        return {}
    return entry
