"""The layers that networks of keras.applications define for themselves, so that these networks can be read."""

from __future__ import annotations

from typing import Any, Unpack

from nnc import initializers
from nnc.checks import check_number, check_positive
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.layers.regularization import Dropout


class CustomScaleLayer(Layer):
    """x + scale · y, as InceptionResNetV2 joins a branch.

    Args:
        scale: factor of the second input.
        options: arguments of `Layer`.
    """

    is_merging = True

    def __init__(self, scale: float, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.scale = check_number("CustomScaleLayer", "scale", scale, low=0)

    def call(self, inputs: list[Value]) -> Value:
        return inputs[0] + inputs[1] * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


class LayerScale(Layer):
    """A learnt factor per channel (H. Touvron et al., "Going deeper with image transformers", 2021), as in ConvNeXt.

    Args:
        init_values: first value of the factors.
        projection_dim: number of channels.
        options: arguments of `Layer`.
    """

    def __init__(self, init_values: float, projection_dim: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.init_values = check_number("LayerScale", "init_values", init_values, low=0)
        self.projection_dim = check_positive("LayerScale", "projection_dim", projection_dim)

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight((self.projection_dim,), initializers.Constant(self.init_values), name="variable")

    def call(self, x: Value) -> Value:
        return x * self.gamma

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


class StochasticDepth(Dropout):
    """While training, drops whole rows with a probability and scales the others (G. Huang et al., 2016).

    Args:
        drop_path_rate: the probability, from 0 to 1.
        options: arguments of `Layer`.
    """

    supports_masking = False

    def __init__(self, drop_path_rate: float, **options: Unpack[LayerOptions]) -> None:
        super().__init__(check_number("StochasticDepth", "drop_path_rate", drop_path_rate, high=1, low=0), **options)

    def call(self, x: Value, training: bool = False) -> Value:
        self.noise_shape = (None, *(1,) * (x.rank - 1))
        return super().call(x, training)

    def get_config(self) -> dict[str, Any]:
        return {**Layer.get_config(self), "drop_path_rate": self.rate}
