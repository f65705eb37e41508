"""The base class of layers around another one."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument
from nnc.layers.base import Layer
from nnc.layers.declared import KerasLayer
from nnc.layers.nested import checked_layer, layer_config


class Wrapper(KerasLayer):
    """A layer around another one.

    Args:
        layer: the layer inside.

    Raises:
        ModelError: it is not a layer.
    """

    layer: Layer = argument(lambda where, key, value: checked_layer(value, where, key), layer_config)

    @property
    def summary_arguments(self) -> list[str]:
        return [self.layer.summary_text]

    @property
    def summary_note(self) -> str:
        return self.layer.summary_note

    def build(self, input_shape: Any) -> None:
        self.build_sublayer(self.layer, input_shape)
