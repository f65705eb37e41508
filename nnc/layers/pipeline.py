"""Several layers, one behind the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

from nnc.arguments import argument, passed_on
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.declared import CommonLayer
from nnc.layers.nested import checked_layer, layer_config
from nnc.layers.unbatched import ImageLayer, UnbatchedLayer


def _check_layers(where: str, key: str, value: Any) -> list[Layer]:
    if not isinstance(value, list | tuple) or not value:
        raise ModelError(f"{where}: {key} must be a list of layers, got {value!r:.80}")
    return [checked_layer(layer, where, f"each of {key}") for layer in value]


class Pipeline(UnbatchedLayer, CommonLayer):
    """Layers applied one behind the other, such as those that prepare images.

    Args:
        layers: the layers.
        name: its name.

    Raises:
        ModelError: they are not layers.
    """

    keeps_integers_of_arrays = True
    layers: Sequence[Any] = argument(_check_layers)
    _name_given: str | None = passed_on(default=None, alias="name")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def is_single(self, rank: int) -> bool:
        """Return whether an array with so many axes is one image."""
        return rank == 3 and all(isinstance(layer, ImageLayer) for layer in self.layers)

    def call(self, x: Value, training: bool = True, mask: Value | None = None) -> Value:
        del training  # the layers inside have it from this one
        for number, layer in enumerate(self.layers):
            takes_mask = number == 0 and mask is not None and "mask" in signature(layer.call).parameters
            x = layer(x, mask=mask) if takes_mask else layer(x)
        return x

    def get_config(self) -> dict[str, Any]:
        return {"layers": [layer_config(layer) for layer in self.layers], "name": self.name}
