"""The layers that networks of keras.applications define for themselves, so that these networks can be read."""

from __future__ import annotations

from typing import Any

from nnc import initializers
from nnc.arguments import number, positive
from nnc.ir import Value
from nnc.layers.declared import KerasLayer
from nnc.layers.regularization import drop


class CustomScaleLayer(KerasLayer):
    """x + scale · y, as InceptionResNetV2 joins a branch.

    Args:
        scale: factor of the second input.
    """

    is_merging = True

    scale: float = number(0)

    def call(self, inputs: list[Value]) -> Value:
        return inputs[0] + inputs[1] * self.scale


class LayerScale(KerasLayer):
    """A learnt factor per channel (H. Touvron et al., "Going deeper with image transformers", 2021), as in ConvNeXt.

    Args:
        init_values: first value of the factors.
        projection_dim: number of channels.
    """

    init_values: float = number(0)
    projection_dim: int = positive()

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight((self.projection_dim,), initializers.Constant(self.init_values), name="variable")

    def call(self, x: Value) -> Value:
        return x * self.gamma


class StochasticDepth(KerasLayer):
    """While training, drops whole rows with a probability and scales the others (G. Huang et al., 2016).

    Args:
        drop_path_rate: the probability, from 0 to 1.
    """

    noted_arguments = ("rate {drop_path_rate}",)
    keeps_integers = True

    drop_path_rate: float = number(0, 1)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.drop_path_rate == 0:
            return x
        return drop(self.as_floating(x), (x.shape[0], *(1,) * (x.rank - 1)), self.drop_path_rate)
