"""ONNX: the networks on pictures as graphs, channels first, as exporters write them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy
from onnx import helper, numpy_helper

from benchmarks.networks.images import CNN_FLAT, laid, small_cnn_layers
from benchmarks.networks.same_weights import BATCH_NORMALIZATION, kernel
from benchmarks.peers.onnx_graphs import model_of


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph by name, its channels, and the side of the squares that were flattened into these."""

    name: str
    channels: int
    side: int = 1


class Layers:
    """Keras's layers as nodes of an ONNX graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.counts: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given, **options: lambda x: getattr(self, f"_{name}")(x, *given, **options)

    def _node(self, kind: str, inputs: list[str], channels: int, **attributes: Any) -> Tensor:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return Tensor(name, channels)

    def _tensor(self, array: Any) -> str:
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def _filled(self, *shape: int, value: float) -> str:
        return self._tensor(numpy.full(shape, value, "float32"))

    def _kernel(self, kind: str, *shape: int) -> Any:
        self.counts[kind] += 1
        return kernel(kind, self.counts[kind] - 1, shape)

    def _Conv2D(
        self,
        x: Tensor,
        filters: int,
        size: int,
        strides: int = 1,
        padding: str = "valid",
        **options: Any,
    ) -> Tensor:
        weights = self._kernel("Conv2D", size, size, x.channels, filters).transpose(3, 2, 0, 1)
        return self._convolution(x, weights, strides, padding, **options)

    def _DepthwiseConv2D(
        self, x: Tensor, size: int, strides: int = 1, padding: str = "valid", **options: Any
    ) -> Tensor:
        weights = self._kernel("DepthwiseConv2D", size, size, x.channels, 1).transpose(2, 3, 0, 1)
        return self._convolution(x, weights, strides, padding, x.channels, **options)

    def _convolution(
        self,
        x: Tensor,
        weights: Any,
        strides: int,
        padding: str,
        groups: int = 1,
        use_bias: bool = True,
        activation: str | None = None,
    ) -> Tensor:
        filters = len(weights)
        inputs = [x.name, self._tensor(weights)]
        if use_bias:
            inputs.append(self._filled(filters, value=0.0))
        kind = "SAME_UPPER" if padding == "same" else "VALID"
        y = self._node("Conv", inputs, filters, strides=[strides] * 2, auto_pad=kind, group=groups)
        return y if activation is None else self._Activation(y, activation)

    def _BatchNormalization(self, x: Tensor, epsilon: float, **_: Any) -> Tensor:
        weights = [self._filled(x.channels, value=value) for value in BATCH_NORMALIZATION]
        return self._node("BatchNormalization", [x.name, *weights], x.channels, epsilon=epsilon)

    def _Activation(self, x: Tensor, name: str) -> Tensor:
        return self._node({"relu": "Relu", "softmax": "Softmax"}[name], [x.name], x.channels)

    def _ReLU(self, x: Tensor, max_value: float) -> Tensor:
        return self._node("Clip", [x.name, self._filled(value=0.0), self._filled(value=max_value)], x.channels)

    def _ZeroPadding2D(self, x: Tensor, padding: Any) -> Tensor:
        (top, bottom), (left, right) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
        name = f"w{len(self.tensors)}"
        pads = numpy.array([0, 0, top, left, 0, 0, bottom, right], "int64")
        self.tensors.append(numpy_helper.from_array(pads, name))
        return self._node("Pad", [x.name, name], x.channels)

    def _MaxPooling2D(self, x: Tensor, size: int, strides: int | None = None) -> Tensor:
        steps = [strides or size] * 2
        return self._node("MaxPool", [x.name], x.channels, kernel_shape=[size] * 2, strides=steps)

    def _Add(self, operands: list[Tensor]) -> Tensor:
        return self._node("Add", [operand.name for operand in operands], operands[0].channels)

    def _GlobalAveragePooling2D(self, x: Tensor) -> Tensor:
        pooled = self._node("GlobalAveragePool", [x.name], x.channels)
        return self._node("Flatten", [pooled.name], x.channels)

    def _Dense(self, x: Tensor, units: int, activation: str) -> Tensor:
        array = self._kernel("Dense", x.channels, units)
        if x.side > 1:  # its inputs are flattened with channels first, where the kernel has them last
            array = array.reshape(x.side, x.side, -1, units).transpose(2, 0, 1, 3).reshape(array.shape)
        weights = [self._tensor(array), self._filled(units, value=0.0)]
        return self._Activation(self._node("Gemm", [x.name, *weights], units), activation)

    def _Flatten(self, x: Tensor) -> Tensor:
        flat = self._node("Flatten", [x.name], CNN_FLAT)
        return replace(flat, side=math.isqrt(CNN_FLAT // x.channels))


def _laid(name: str, layers: Layers, channels: int) -> Tensor:
    """Lay a network's layers on the input ``x`` and return what comes out."""
    start = Tensor("x", channels)
    if name != "cnn":
        return laid(SimpleNamespace(layers=layers), name, start)
    x = start
    for layer in small_cnn_layers(layers):
        x = layer(x)
    return x


def image_bytes(network: str, shape: tuple[int, ...]) -> bytes:
    """Return a network, ``cnn`` too, as the contents of an ONNX file, for inputs with channels first."""
    layers = Layers()
    end = _laid(network, layers, shape[1])
    return model_of(network, layers.nodes, layers.tensors, ("x", list(shape)), (end.name, [shape[0], end.channels]))
