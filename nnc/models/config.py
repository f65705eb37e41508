"""Models as plain data in Keras's form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError
from nnc.layers import Layer, layer_class
from nnc.layers.symbolic import Call, SymbolicTensor

if TYPE_CHECKING:
    from nnc.models.model import Model
    from nnc.models.sequential import Sequential


def layer_entry(layer: Layer) -> dict[str, Any]:
    """Return a layer's class name and config."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def sequential_config(model: Sequential) -> dict[str, Any]:
    """Return a Sequential's config: its name and its layers, the input first."""
    chain: list[Layer] = [call.layer for call in model.calls] or model.layers
    return {"name": model.name, "layers": [layer_entry(layer) for layer in chain]}


def functional_config(model: Model) -> dict[str, Any]:
    """Return a functional model's config: layers with the calls they come from, then inputs and outputs."""
    nodes: dict[Call, int] = {}
    entries: list[dict[str, Any]] = []
    for layer in model.layers:
        calls = [call for call in model.calls if call.layer is layer]
        nodes.update({call: index for index, call in enumerate(calls)})
        inbound = [[_keras_tensor(tensor, nodes) for tensor in call.inputs] for call in calls if call.inputs]
        entries.append({**layer_entry(layer), "name": layer.name, "inbound_nodes": inbound})
    return {
        "name": model.name,
        "layers": entries,
        "input_layers": [_history(tensor, nodes) for tensor in model.inputs],
        "output_layers": [_history(tensor, nodes) for tensor in model.outputs],
    }


def _history(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> list[Any]:
    assert tensor.call is not None
    return [tensor.call.layer.name, nodes.get(tensor.call, 0), tensor.index]


def _keras_tensor(tensor: SymbolicTensor, nodes: Mapping[Call, int]) -> list[Any]:
    return [*_history(tensor, nodes), {}]


def serialized(model: Model) -> dict[str, Any]:
    """Return class name, config and compile options; empty where a custom part cannot be serialised."""
    from nnc.models.sequential import Sequential

    try:
        entry: dict[str, Any] = {
            "class_name": "Sequential" if isinstance(model, Sequential) else "Functional",
            "config": model.get_config(),
        }
    except (ModelError, TypeError):
        return {}
    return entry


def layer_from_entry(entry: Mapping[str, Any]) -> Layer:
    """Make a layer from its class name and config.

    Raises:
        ModelError: the class is unknown or the config wrong.
    """
    return layer_class(str(entry.get("class_name"))).from_config(dict(entry.get("config", {})))
