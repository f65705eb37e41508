"""Which layer of a live model has which weight, and which layers stand inside others and nowhere else."""

from __future__ import annotations

from typing import Any

from frontends.recurrent_states import states


def own_variables(layer: Any) -> list[Any]:
    """Return the weights that are a layer's own, then its `states`, also while symbolic tensors stand for them."""
    own = [*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())]
    return [*(getattr(item, "_traced_variable", item) for item in own), *states(layer)]


class Ownership:
    """The layers of a live model, with their weights; several layers may have the same one.

    Args:
        source: the model.
    """

    def __init__(self, source: Any) -> None:
        self.layers: list[Any] = list(source._flatten_layers())
        self._around: dict[int, set[int]] = {}
        self._having: dict[int, dict[int, Any]] = {}
        self._owners: dict[int, Any] = {}
        for layer in self.layers:
            for inner in layer._layers:
                self._around.setdefault(id(inner), set()).add(id(layer))
            for variable in own_variables(layer):
                self._having.setdefault(id(variable), {})[id(layer)] = layer

    def has(self, variable: Any) -> bool:
        """Whether a weight is one of the model's."""
        return id(variable) in self._having

    def is_closed(self, layer: Any) -> bool:
        """Whether nothing outside of a layer has a layer or a weight that is inside it."""
        parts = layer._flatten_layers() if hasattr(layer, "_flatten_layers") else []
        inside = {id(part): part for part in parts}
        around = (self._around.get(place, set()) for place in inside if place != id(layer))
        having = (self._having.get(id(item), {}).keys() for part in inside.values() for item in own_variables(part))
        return all(found <= inside.keys() for found in (*around, *having))

    def first_owner(self, variable: Any) -> Any:
        """Return the innermost layer that has a weight, the first of them; None where none has it."""
        if id(variable) not in self._owners:
            having = self._having.get(id(variable), {})
            owners = [layer for layer in having.values() if not any(id(inner) in having for inner in _inside(layer))]
            self._owners[id(variable)] = next(iter(owners), None)
        return self._owners[id(variable)]


def _inside(layer: Any) -> list[Any]:
    found: list[Any] = layer._flatten_layers(include_self=False)
    return found
