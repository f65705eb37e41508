"""ONNX Runtime: the networks on pictures as ONNX graphs, channels first, as exporters write them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.driving import calling
from benchmarks.image_networks import CNN_FLAT, cnn_data, laid, picture, small_cnn_layers
from benchmarks.same_weights import BATCH_NORMALIZATION, kernel
from benchmarks.worker import Contestant


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph by name, and its channels."""

    name: str
    channels: int


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
        weights = [self._tensor(self._kernel("Dense", x.channels, units)), self._filled(units, value=0.0)]
        return self._Activation(self._node("Gemm", [x.name, *weights], units), activation)

    def _Flatten(self, x: Tensor) -> Tensor:
        """Flatten rows of channels last, as Keras orders them; the length is what the next layer's kernel wants."""
        last = self._node("Transpose", [x.name], x.channels, perm=[0, 2, 3, 1])
        return self._node("Flatten", [last.name], CNN_FLAT)


def _laid(name: str, layers: Layers, channels: int) -> Tensor:
    """Lay a network's layers on the input ``x`` and return what comes out."""
    start = Tensor("x", channels)
    if name != "cnn":
        return laid(SimpleNamespace(layers=layers), name, start)
    x = start
    for layer in small_cnn_layers(layers):
        x = layer(x)
    return x


def model_bytes(name: str, rows: int = 1) -> bytes:
    """Return a network, ``cnn`` too, as the contents of an ONNX file; its input is (rows, channels, height, width)."""
    layers = Layers()
    shape = rows, *_pictures(name, 1).shape[1:]
    end = _laid(name, layers, shape[1])
    ends = [
        helper.make_tensor_value_info(label, TensorProto.FLOAT, list(dims))
        for label, dims in (("x", shape), (end.name, (rows, end.channels)))
    ]
    graph = helper.make_graph(layers.nodes, name, ends[:1], ends[1:], layers.tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def _pictures(name: str, rows: int) -> Any:
    """Return pictures with channels first."""
    found = cnn_data()[0][:rows] if name == "cnn" else picture()
    return numpy.ascontiguousarray(found.transpose(0, 3, 1, 2))


def predicting(name: str, rows: int = 1, threads: int = 0) -> dict[str, Contestant]:
    """Return a contestant that predicts pictures; 0 threads leave the number to ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_bytes(name, rows), options, providers=["CPUExecutionProvider"])
    feed = {"x": _pictures(name, rows)}
    return {"ONNX Runtime": calling(lambda: session.run(None, feed)[0])}
