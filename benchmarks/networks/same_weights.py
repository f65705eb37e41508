"""Weights of the networks on pictures, the same for every engine: by a layer's class and its number among these."""

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


def _layers(model: Any, kind: str) -> list[Any]:
    """Return the layers of a class in the order in which they were made, which their names tell."""
    found = [layer for layer in model.layers if type(layer).__name__ == kind]
    return sorted(found, key=lambda layer: int((re.findall(r"_(\d+)$", layer.name) or [0])[0]))
