"""What stateful recurrent layers of live models remember, which Keras does not count among their weights."""

from __future__ import annotations

from typing import Any

import numpy

from frontends.element_types import widened_array
from frontends.keras_calls import safe_name
from nnc.errors import ModelError
from nnc.layers import Layer, Variable


def states(layer: Any) -> list[Any]:
    """Return what a recurrent layer of Keras's goes on from in the next batch; nothing where it is not stateful.

    A wrapper of two such layers has those of both.
    """
    found = getattr(layer, "states", None) if getattr(layer, "stateful", False) is True else None
    return [getattr(item, "_traced_variable", item) for item in _flat(found) if hasattr(item, "assign")]


def _flat(structure: Any) -> list[Any]:
    return [part for item in structure for part in _flat(item)] if isinstance(structure, list | tuple) else [structure]


def copy_states(theirs: Any, ours: Layer) -> None:
    """Let nnc's layer, and those inside it, go on from where Keras's is; layers inside are known by their names.

    Args:
        theirs: Keras's layer.
        ours: nnc's, with the same layers inside.

    Raises:
        ModelError: nnc's layer of that name remembers other things.
    """
    remembered: dict[str, list[Variable]] = {}
    _remember(ours, remembered)
    copied: set[int] = set()
    for layer in theirs._flatten_layers() if hasattr(theirs, "_flatten_layers") else [theirs]:
        wanted = [state for state in states(layer) if id(state) not in copied]
        known = remembered.get(safe_name(layer.name), [])
        if [tuple(state.shape) for state in wanted] != [state.shape for state in known[: len(wanted)]]:
            raise ModelError(f"layer '{layer.name}' ({type(layer).__name__}) remembers other things than nnc's does")
        for state, own in zip(wanted, known, strict=False):
            own.assign(widened_array(numpy.asarray(state.numpy())))
        copied.update(map(id, wanted))


def _remember(layer: Layer, remembered: dict[str, list[Variable]]) -> list[Variable]:
    """Note by name what layers remember, each with those inside it; return that of this layer."""
    found = [weight for weight in layer.own_weights if weight.is_state]
    for inner in layer.sublayers:
        found += _remember(inner, remembered)
    remembered.setdefault(layer.name, []).extend(found)
    return found
