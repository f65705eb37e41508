"""A layer whose kernel is kept at spectral norm 1."""

from __future__ import annotations

import warnings
from typing import Any

from nnc.arguments import positive
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import absolute, cast, equal, matmul, max, maximum, reshape, sqrt, square, sum, transpose, where
from nnc.layers.wrapper import Wrapper
from nnc.settings import SETTINGS


class SpectralNormalization(Wrapper):
    """Applies a layer whose kernel (or table of embeddings) each training step first divides by its spectral norm.

    The largest singular value of the kernel, seen as a matrix with an output per column, is approached by power
    iteration from the vector that the step before left. Kernel and vector are assigned: the gradient is that of the
    divided kernel, which is what the optimizer changes. A kernel of zeros stays as it is. When predicting, the kernel
    is as training left it.

    As in Keras, the output has the element type of the input; an embedding of whole numbers is cut to these.

    T. Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018,
    https://arxiv.org/abs/1802.05957.

    Args:
        layer: the layer inside.
        power_iterations: steps by which the largest singular value is approached each time.

    Raises:
        ModelError: an argument is wrong, or the layer inside has neither a kernel nor embeddings.
    """

    keeps_integers = True

    power_iterations: int = positive(default=1)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ModelError(
                f"the layer inside must have weights to divide, but the {type(self.layer).__name__} object has no "
                "attribute 'kernel' nor 'embeddings'"
            )
        self.kernel = kernel
        self.own_weights.append(kernel)  # Keras counts it as the wrapper's too, which puts it first
        initializer = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}
        self.vector_u = self.add_weight((1, kernel.shape[-1]), initializer, trainable=False, name="vector_u")

    def call(self, inputs: Value, training: bool = False) -> Any:
        if training:
            self._normalize()
        output = self.layer(inputs)
        if output.type.is_floating and not inputs.type.is_floating:
            warnings.warn(
                f"Layer '{self.name}' (SpectralNormalization): as in Keras, the output is cut to whole numbers of type "
                f"{inputs.dtype}, that of the input; give it floating-point numbers",
                stacklevel=2,
            )
        return cast(output, inputs.dtype)

    def _normalize(self) -> None:
        """Divide the kernel by its largest singular value, as far as that is known."""
        kernel = self.kernel.value
        matrix = reshape(kernel, (-1, self.kernel.shape[-1]))
        right = self.vector_u.value
        for _ in range(self.power_iterations):
            left = _unit(matmul(right, transpose(matrix)))
            right = _unit(matmul(left, matrix))
        largest = reshape(matmul(matmul(left, matrix), transpose(right)), ())
        is_zero = equal(max(absolute(kernel)), 0.0)
        self.vector_u.assign(where(is_zero, self.vector_u.value, right))
        self.kernel.assign(kernel / where(is_zero, 1.0, largest))


def _unit(x: Value) -> Value:
    """Return a vector divided by its Euclidean norm."""
    return x / maximum(sqrt(sum(square(x))), SETTINGS.epsilon)
