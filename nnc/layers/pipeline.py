"""Several layers, one behind the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.options import NamelessLayerOptions
from nnc.layers.wrapping import checked_layer, layer_config


class Pipeline(Layer):
    """Layers applied one behind the other, such as those that prepare images.

    Args:
        layers: the layers.
        name: its name.
        options: arguments of `Layer`.

    Raises:
        ModelError: they are not layers.
    """

    keeps_integers_of_arrays = True
    supports_masking = True

    def __init__(self, layers: Sequence[Any], name: str | None = None, **options: Unpack[NamelessLayerOptions]) -> None:
        super().__init__(name=name, **options)
        if not isinstance(layers, list | tuple) or not layers:
            raise ModelError(f"Pipeline: layers must be a list of layers, got {layers!r:.80}")
        self.layers = [checked_layer(layer, "Pipeline", "each of layers") for layer in layers]

    def call(self, x: Value, training: bool = True) -> Value:
        del training  # the layers inside have it from this one
        for layer in self.layers:
            x = layer(x)
        return x

    def get_config(self) -> dict[str, Any]:
        return {"layers": [layer_config(layer) for layer in self.layers], "name": self.name}
