"""Finds the calls between inputs and outputs, and gives layers unique names."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.layers.symbolic import Call, SymbolicTensor


def trace(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], name: str) -> tuple[Call, ...]:
    """Return the calls that lead from inputs to outputs, in topological order, the inputs' own first.

    Raises:
        ModelError: an output depends on something that is no input.
    """
    for tensor in inputs:
        if tensor.call is None or tensor.call.inputs:
            raise ModelError(f"model '{name}': inputs must come from nnc.Input, got {tensor!r}")
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


def name_layers(layers: Sequence[Layer], model: str) -> None:
    """Make names unique: ``dense``, ``dense_1``, …; names given by the user stay.

    Raises:
        ModelError: two layers were given the same name.
    """
    unique = list(dict.fromkeys(layers))
    taken: dict[str, Layer] = {}
    for layer in unique:
        if layer.has_own_name:
            if layer.name in taken:
                raise ModelError(
                    f"model '{model}': two layers are named '{layer.name}' ({type(taken[layer.name]).__name__} and "
                    f"{type(layer).__name__}); give one of them another name="
                )
            taken[layer.name] = layer
    for layer in unique:
        if layer.has_own_name:
            continue
        base = layer.default_name
        name, count = base, 0
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken[name] = layer
        layer.set_default_name(name)
