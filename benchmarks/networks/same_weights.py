"""Weights of networks, the same for every engine: by a layer's class and its number among these, or by their order."""

from __future__ import annotations

import re
from typing import Any

import numpy

DRAWN = ("Conv2D", "DepthwiseConv2D", "Dense")
BATCH_NORMALIZATION = (1.0, 0.1, 0.05, 1.2)
"""Gamma, beta, moving mean and moving variance of all channels: none of them could be left out unnoticed."""


def kernel(kind: str, number: int, shape: tuple[int, ...]) -> Any:
    """Return a kernel, input channels before output channels; outputs are about as large as inputs.

    Args:
        kind: class of the layer.
        number: how many layers of the class were made before.
        shape: as Keras has it.
    """
    inputs = numpy.prod(shape[:-1]) if kind != "DepthwiseConv2D" else numpy.prod(shape[:2])
    generator = numpy.random.default_rng([DRAWN.index(kind), number])
    return generator.normal(0.0, (1.0 / inputs) ** 0.5, shape).astype("float32")


def set_weights(model: Any) -> Any:
    """Give a model of nnc or Keras these weights, biases 0; return it."""
    for kind in DRAWN:
        for number, layer in enumerate(_layers(model, kind)):
            first, *biases = layer.get_weights()
            layer.set_weights([kernel(kind, number, first.shape), *(numpy.zeros_like(bias) for bias in biases)])
    for layer in _layers(model, "BatchNormalization"):
        arrays = layer.get_weights()
        layer.set_weights(
            [numpy.full_like(array, number) for array, number in zip(arrays, BATCH_NORMALIZATION, strict=True)]
        )
    return model


KEPT = ("mean", "variance", "count")
"""What `Normalization` has learned of data: it is as it was made."""
_KINDS = (
    (r"gamma|variable(_\d+)?", lambda generator, shape: 1.0 + 0.1 * generator.standard_normal(shape)),
    (r"beta|bias|moving_mean", lambda generator, shape: 0.1 * generator.standard_normal(shape)),
    (r"moving_variance", lambda generator, shape: generator.uniform(0.8, 1.2, shape)),
    (r"embeddings", lambda generator, shape: 0.5 * generator.standard_normal(shape)),
    (
        r"(depthwise_|pointwise_|recurrent_)?kernel",
        lambda generator, shape: generator.standard_normal(shape) * _inputs(shape) ** -0.5,
    ),
)
"""Names of weights, and how they are drawn; what scales ConvNeXt's layers is a `variable`."""


class Draws:
    """Weights that are drawn one after another, the same for whoever asks in the order of nnc and Keras.

    >>> draws = Draws()
    >>> draws("kernel", (3, 3, 8, 16)).shape, draws("bias", (16,)).shape
    ((3, 3, 8, 16), (16,))
    """

    def __init__(self) -> None:
        self._generator = numpy.random.default_rng(3)

    def __call__(self, name: str, shape: tuple[int, ...]) -> Any:
        """Return the next weight as float32, by the name and of the shape that it has in Keras."""
        draw = next(function for pattern, function in _KINDS if re.fullmatch(pattern, name))
        return draw(self._generator, shape).astype("float32")


def seeded(model: Any) -> Any:
    """Give a model of nnc or Keras weights that are drawn in the order in which both have them; return it."""
    draws = Draws()
    weights = zip(model.weights, model.get_weights(), strict=True)
    model.set_weights([array if weight.name in KEPT else draws(weight.name, array.shape) for weight, array in weights])
    return model


def _inputs(shape: tuple[int, ...]) -> int:
    """Return how many numbers an output is the sum of; kernels that end with 1 have each channel by itself."""
    return int(numpy.prod(shape[:-2] if shape[-1] == 1 and len(shape) > 2 else shape[:-1]))


def _layers(model: Any, kind: str) -> list[Any]:
    """Return the layers of a class in the order in which they were made, which their names tell."""
    found = [layer for layer in model.layers if type(layer).__name__ == kind]
    return sorted(found, key=lambda layer: int((re.findall(r"_(\d+)$", layer.name) or [0])[0]))
