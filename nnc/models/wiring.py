"""Finds the calls between inputs and outputs, and gives layers unique names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers import Input, Layer
from nnc.layers.lowering import current_lowering
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.models.nesting import sorted_map
from nnc.structure import leaves


def trace(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], name: str) -> tuple[Call, ...]:
    """Return the calls that lead from inputs to outputs, in topological order, the inputs' own first.

    Raises:
        ModelError: an output depends on something that is not an input, or has no axis.
    """
    for position, tensor in enumerate(inputs):
        if tensor.call is None or tensor.call.inputs:
            raise ModelError(f"model '{name}': inputs must come from nnc.Input, got {tensor!r}")
        if tensor in inputs[:position]:
            raise ModelError(f"model '{name}': input '{tensor.call.layer.name}' is given twice")
    for tensor in outputs:
        if tensor.type.rank == 0:
            raise ModelError(
                f"model '{name}': an output must have an axis, along which those of batches are joined, got {tensor!r}"
            )
    given = {tensor.call for tensor in inputs}
    done: dict[Call, None] = {tensor.call: None for tensor in inputs if tensor.call is not None}
    stack = [(tensor.call, False) for tensor in reversed(outputs)]
    while stack:
        call, ready = stack.pop()
        if call is None or call in done:
            continue
        if ready:
            done[call] = None
            continue
        if not call.inputs and call not in given:
            raise ModelError(
                f"model '{name}': an output depends on input '{call.layer.name}', which is not among the model's inputs"
            )
        stack.append((call, True))
        stack += [(tensor.call, False) for tensor in reversed(call.inputs)]
    return tuple(done)


def from_inputs(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], nested: Any, name: str
) -> tuple[tuple[SymbolicTensor, ...], tuple[SymbolicTensor, ...], Any]:
    """Return inputs and outputs, the same layers applied to new inputs where those given are results of layers.

    Args:
        inputs: what the model is to be given.
        outputs: what it returns.
        nested: the outputs as they are nested, or None.
        name: the model, for messages.

    Raises:
        ModelError: an output depends on something that is not an input.
    """
    if all(tensor.call is None or not tensor.call.inputs for tensor in inputs):
        return tuple(inputs), tuple(outputs), nested
    known: dict[SymbolicTensor, Any] = {tensor: _as_input(tensor) for tensor in inputs}
    calls: dict[Call, None] = {}
    stack = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        call = tensor.call
        if call is None or tensor in known or call in calls:
            continue
        if not call.inputs:
            raise ModelError(
                f"model '{name}': an output depends on input '{call.layer.name}', which is not among the model's inputs"
            )
        if ready:
            calls[call] = None
        else:
            stack.append((tensor, True))
            stack += [(item, False) for item in reversed(call.inputs)]
    rewire(tuple(calls), known, lambda layer, *args, **kwargs: layer(*args, **kwargs))
    nested = None if nested is None else sorted_map(known.__getitem__, nested)
    return tuple(known[tensor] for tensor in inputs), tuple(known[tensor] for tensor in outputs), nested


def _as_input(tensor: SymbolicTensor) -> SymbolicTensor:
    """Return a tensor that comes from an input, or a new input for it."""
    if tensor.call is None or not tensor.call.inputs:
        return tensor
    found: SymbolicTensor = Input(batch_shape=tensor.shape, dtype=tensor.dtype)
    return found


def source_inputs(tensor: SymbolicTensor) -> list[SymbolicTensor]:
    """Return the inputs that a tensor is computed from, each once, in the order in which its calls take them."""
    found: dict[SymbolicTensor, None] = {}
    seen: set[Call] = set()
    stack = [tensor]
    while stack:
        call = stack.pop().call
        if call is None or call in seen:
            continue
        seen.add(call)
        if call.inputs:
            stack += reversed(call.inputs)
        else:
            found |= dict.fromkeys(call.outputs)
    return list(found)


def by_depth(calls: Sequence[Call], outputs: Sequence[SymbolicTensor]) -> tuple[Call, ...]:
    """Return the calls in the order in which Keras lists a model's layers, and so its weights.

    What is farther from the outputs comes first; at the same distance, what one meets first on the way back from the
    outputs. Each call still comes after those it reads.

    Args:
        calls: in topological order.
        outputs: of the model.
    """
    met: dict[Layer, int] = {}
    seen: set[Call] = set()
    stack = [tensor.call for tensor in reversed(outputs)]
    while stack:
        call = stack.pop()
        if call is not None and call not in seen:
            seen.add(call)
            met.setdefault(call.layer, len(met))
            stack += [tensor.call for tensor in reversed(call.inputs)]
    depths = _depths(calls)
    return tuple(sorted(calls, key=lambda call: (-depths[call], met.get(call.layer, -1))))


def _depths(calls: Sequence[Call]) -> dict[Call, int]:
    """Return how far each call is from the outputs, in the order in which Keras comes to them on its way back.

    Args:
        calls: in topological order.
    """
    depths: dict[Call, int] = {}
    of_layer: dict[Layer, int] = {}
    for call in reversed(calls):
        depth = max(depths.get(call, 0), of_layer.get(call.layer, 0))
        depths[call] = of_layer[call.layer] = depth
        for tensor in call.inputs:
            if tensor.call is not None:
                depths[tensor.call] = max(depths.get(tensor.call, 0), depth + 1)
    return depths


def run_calls(calls: Sequence[Call], values: Mapping[SymbolicTensor, Value]) -> dict[SymbolicTensor, Value]:
    """Lower the calls of a model and return the value of every tensor.

    Args:
        calls: in topological order.
        values: those of the inputs.
    """
    if any(call.layer.takes_masks_off for call in calls):  # from what runs later in Keras
        depths = _depths(calls)
        own = set(calls)  # texts may come before them
        calls = sorted((call for call in depths if call in own), key=lambda call: -depths[call])
    known = dict(values)
    is_decided = not current_lowering().is_undecided
    for call in calls:
        if call.inputs:
            args, kwargs = call.arguments(known)
            if is_decided:  # as in Keras, what a model is called with overrules what its layers were
                kwargs.pop("training", None)
            outputs = leaves(call.layer.lower(*args, **kwargs), Value)
            if call.place:
                results = current_lowering().results
                results[-1] = results[-1]._replace(place=call.place)
            known.update(zip(call.outputs, outputs, strict=True))
    return known


def rewire(calls: Sequence[Call], known: dict[SymbolicTensor, Any], apply: Callable[..., Any]) -> None:
    """Apply layers to other tensors as they were applied before, and note what comes out.

    Args:
        calls: in topological order.
        known: what stands for each input, and then for each tensor.
        apply: called as ``(layer, *args, **kwargs)``.

    Raises:
        ModelError: another number of tensors comes out.
    """
    for call in calls:
        if call.inputs:
            args, kwargs = call.arguments(known)
            found = apply(call.layer, *args, **kwargs)
            tensors = leaves(found, SymbolicTensor)
            if len(tensors) != len(call.outputs):
                raise ModelError(
                    f"clone_model: call_function must return the {len(call.outputs)} outputs of layer"
                    f" '{call.layer.name}', got {found!r:.80}"
                )
            known.update(zip(call.outputs, tensors, strict=True))


def name_layers(layers: Sequence[Layer], model: Layer) -> None:
    """Make names unique: ``dense``, ``dense_1``, …; names given by the user stay.

    A name that another model gave stays as well, unless two meet here; then the second gets a name that is free
    in every model it is in.

    Raises:
        ModelError: two layers were given the same name.
    """
    unique = list(dict.fromkeys(layers))
    taken: dict[str, Layer] = {}
    for layer in unique:
        if layer.has_own_name:
            if layer.name in taken:
                raise ModelError(
                    f"model '{model.name}': two layers are named '{layer.name}' "
                    f"({type(taken[layer.name]).__name__} and {type(layer).__name__}); give one of them another name="
                )
            taken[layer.name] = layer
    unsettled = []
    for layer in unique:
        if layer.is_named and taken.setdefault(layer.name, layer) is layer:
            continue
        unsettled.append(layer)
    for layer in unsettled:
        elsewhere = {other.name for other_model in layer.models for other in other_model.operations}
        base = layer.default_name
        name, count = base, 0
        while name in taken or name in elsewhere:
            count += 1
            name = f"{base}_{count}"
        taken[name] = layer
        layer.set_default_name(name)
    for layer in unique:
        layer.models.add(model)
