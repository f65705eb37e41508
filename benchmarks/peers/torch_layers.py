"""PyTorch: layers of its own library with given weights, and with those that are drawn for nnc and Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import torch
from torch import nn

from benchmarks.networks.same_weights import Draws


def filled(layer: Any, weights: Any, bias: Any = 0.0) -> Any:
    """Copy weights in PyTorch's order, and biases, into a layer; return it."""
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights.copy()))
        if layer.bias is not None:
            layer.bias.copy_(torch.as_tensor(bias))
    return layer


def stacked(kernels: Sequence[Any], biases: Sequence[Any]) -> tuple[Any, Any]:
    """Return what Keras projects to heads by, (width, heads, size) each, as weights and biases of one linear layer."""
    flat = [kernel.reshape(len(kernel), -1).T for kernel in kernels]
    return numpy.concatenate(flat), numpy.concatenate([bias.ravel() for bias in biases])


class SeededLayers:
    """Makes layers with the weights that `seeded` gives to nnc and Keras, if they are made in Keras's order."""

    def __init__(self) -> None:
        self._draw = Draws()

    def convolution(
        self, channels: int, filters: int, size: int, strides: int = 1, padding: int = 0, bias: bool = False
    ) -> Any:
        """Return a convolution of pictures."""
        kernel = self._draw("kernel", (size, size, channels, filters)).transpose(3, 2, 0, 1)
        layer = nn.Conv2d(channels, filters, size, strides, padding, bias=bias)
        return filled(layer, kernel, self._draw("bias", (filters,)) if bias else 0.0)

    def depthwise(self, channels: int, size: int, strides: int = 1, padding: int = 0) -> Any:
        """Return a convolution of each channel by itself, without biases."""
        kernel = self._draw("kernel", (size, size, channels, 1)).transpose(2, 3, 0, 1)
        return filled(nn.Conv2d(channels, channels, size, strides, padding, groups=channels, bias=False), kernel)

    def transposed(self, channels: int, filters: int, size: int) -> Any:
        """Return a transposed convolution whose windows lie beside each other."""
        kernel = self._draw("kernel", (size, size, filters, channels)).transpose(3, 2, 0, 1)
        return filled(nn.ConvTranspose2d(channels, filters, size, size), kernel, self._draw("bias", (filters,)))

    def batch_normalization(self, channels: int, epsilon: float = 1e-3, momentum: float = 0.99) -> Any:
        """Return batch normalisation; its running variance is that of samples, where Keras's is of populations.

        Args:
            channels: of the pictures.
            epsilon: beside the variance.
            momentum: what of the running statistics is kept, as Keras counts it.
        """
        layer: Any = nn.BatchNorm2d(channels, epsilon, 1 - momentum)
        filled(layer, self._draw("gamma", (channels,)), self._draw("beta", (channels,)))
        for array, name in ((layer.running_mean, "moving_mean"), (layer.running_var, "moving_variance")):
            array.copy_(torch.from_numpy(self._draw(name, (channels,))))
        return layer

    def layer_normalization(self, width: int, epsilon: float = 1e-3) -> Any:
        """Return layer normalisation."""
        return filled(nn.LayerNorm(width, epsilon), self._draw("gamma", (width,)), self._draw("beta", (width,)))

    def linear(self, inputs: int, units: int) -> Any:
        """Return a linear layer."""
        return filled(nn.Linear(inputs, units), self._draw("kernel", (inputs, units)).T, self._draw("bias", (units,)))

    def projections(self, width: int, heads: int) -> Any:
        """Return one linear layer from sequences to queries, keys and values."""
        shape = (heads, width // heads)
        pairs = [(self._draw("kernel", (width, *shape)), self._draw("bias", shape)) for _ in range(3)]
        return filled(nn.Linear(width, 3 * width), *stacked(*zip(*pairs, strict=True)))

    def output_projection(self, width: int, heads: int) -> Any:
        """Return the linear layer from all heads to sequences."""
        kernel = self._draw("kernel", (heads, width // heads, width)).reshape(width, width)
        return filled(nn.Linear(width, width), kernel.T, self._draw("bias", (width,)))

    def embeddings(self, count: int, width: int) -> torch.Tensor:
        """Return a row of numbers per word or token."""
        return torch.from_numpy(self._draw("embeddings", (count, width)))
