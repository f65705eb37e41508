"""Models as plain data in Keras's form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.layers.structure import map_leaves
from nnc.layers.symbolic import Call, SymbolicTensor

if TYPE_CHECKING:
    from nnc.models.model import Model
    from nnc.models.sequential import Sequential


def layer_entry(layer: Layer) -> dict[str, Any]:
    """Return a layer's class name and config; a model's are those of its kind."""
    return {"class_name": class_name(layer), "config": layer.get_config()}


def class_name(layer: Layer) -> str:
    """Return the class name under which a layer, or a model, is found again."""
    from nnc.models.model import Model
    from nnc.models.sequential import Sequential

    if isinstance(layer, Sequential):
        return "Sequential"
    return "Functional" if isinstance(layer, Model) else type(layer).__name__


def sequential_config(model: Sequential) -> dict[str, Any]:
    """Return a Sequential's config: its name and its layers, the input first."""
    chain: list[Layer] = [call.layer for call in model.calls] or model.layers
    return {"name": model.name, "trainable": model.trainable, "layers": [layer_entry(layer) for layer in chain]}


def functional_config(model: Model) -> dict[str, Any]:
    """Return a functional model's config in the form of Keras 3: layers with their calls, then inputs and outputs."""
    nodes: dict[Call, int] = {}
    entries: list[dict[str, Any]] = []
    for layer in model.layers:
        calls = [call for call in model.calls if call.layer is layer]
        nodes.update({call: index for index, call in enumerate(calls)})
    for layer in model.layers:
        inbound = [_call_entry(call, nodes) for call in model.calls if call.layer is layer and call.inputs]
        entries.append({**layer_entry(layer), "name": layer.name, "inbound_nodes": inbound})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": [_history(tensor, nodes) for tensor in model.inputs],
        "output_layers": [_history(tensor, nodes) for tensor in model.outputs],
    }


def _call_entry(call: Call, nodes: Mapping[Call, int]) -> dict[str, Any]:
    """Return the arguments of a call, with the tensors among them by the calls they come from."""
    args, kwargs = map_leaves(lambda tensor: _keras_tensor(tensor, nodes), (call.args, call.kwargs), SymbolicTensor)
    return {"args": list(args), "kwargs": kwargs}


def _history(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> list[Any]:
    assert tensor.call is not None
    return [tensor.call.layer.name, nodes.get(tensor.call, 0), tensor.index]


def _keras_tensor(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> dict[str, Any]:
    shape = [dim if isinstance(dim, int) else None for dim in tensor.type.shape]
    config = {"shape": shape, "dtype": tensor.dtype, "keras_history": _history(tensor, nodes)}
    return {"class_name": "__keras_tensor__", "config": config}


def serialized(model: Model) -> dict[str, Any]:
    """Return class name, config and compile options; empty where a custom part cannot be serialised."""
    try:
        entry = layer_entry(model)
    except (ModelError, TypeError):
        return {}
    return entry
