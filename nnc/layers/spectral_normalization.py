"""A layer whose kernel is kept at spectral norm 1."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.checks import check_positive
from nnc.layers.wrapping import Wrapper


class SpectralNormalization(Wrapper):
    """Applies a layer whose kernel (or table of embeddings) training divides by its largest singular value.

    It predicts as Keras's does: with the kernel as training left it. Training it is not supported, because the kernel
    is changed before the gradient is taken.

    T. Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018,
    https://arxiv.org/abs/1802.05957.

    Args:
        layer: the layer inside.
        power_iterations: steps by which the largest singular value is approached each time.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong, or the layer inside has neither a kernel nor embeddings.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **options: Any) -> None:
        super().__init__(layer, **options)
        self.power_iterations = check_positive("SpectralNormalization", "power_iterations", power_iterations)
        self.keeps_integers = self.layer.keeps_integers

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ModelError(f"the layer inside must have a kernel or embeddings, {type(self.layer).__name__} has none")
        self.own_weights.append(kernel)  # Keras counts it as the wrapper's too, which puts it first
        initializer = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}
        self.vector_u = self.add_weight((1, kernel.shape[-1]), initializer, trainable=False, name="vector_u")

    def call(self, inputs: Value, training: bool = False) -> Any:
        if training and self.trainable:
            raise ModelError("training is not supported; set trainable=False, or take the layer inside by itself")
        return self.layer(inputs)

    @property
    def summary_note(self) -> str:
        return f"{type(self.layer).__name__} inside"

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}
