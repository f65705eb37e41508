"""ONNX Runtime: the networks on pictures as ONNX graphs, channels first, as exporters write them."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.image_networks import network, picture
from benchmarks.worker import Run


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
        self.generator = numpy.random.default_rng(3)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given, **options: lambda x: getattr(self, f"_{name}")(x, *given, **options)

    def _node(self, kind: str, inputs: list[str], channels: int, **attributes: Any) -> Tensor:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return Tensor(name, channels)

    def _weight(self, *shape: int, value: float | None = None) -> str:
        name = f"w{len(self.tensors)}"
        scale = numpy.prod(shape[1:]) ** -0.5
        array = self.generator.normal(0, scale, shape) if value is None else numpy.full(shape, value)
        self.tensors.append(numpy_helper.from_array(array.astype("float32"), name))
        return name

    def _Conv2D(
        self,
        x: Tensor,
        filters: int,
        size: int,
        strides: int = 1,
        padding: str = "valid",
        groups: int = 1,
        **options: Any,
    ) -> Tensor:
        inputs = [x.name, self._weight(filters, x.channels // groups, size, size)]
        if options.get("use_bias", True):
            inputs.append(self._weight(filters, value=0.0))
        kind = "SAME_UPPER" if padding == "same" else "VALID"
        return self._node("Conv", inputs, filters, strides=[strides] * 2, auto_pad=kind, group=groups)

    def _DepthwiseConv2D(self, x: Tensor, size: int, **options: Any) -> Tensor:
        return self._Conv2D(x, x.channels, size, groups=x.channels, **options)

    def _BatchNormalization(self, x: Tensor, epsilon: float, **_: Any) -> Tensor:
        weights = [self._weight(x.channels, value=value) for value in (1.0, 0.0, 0.0, 1.0)]
        return self._node("BatchNormalization", [x.name, *weights], x.channels, epsilon=epsilon)

    def _Activation(self, x: Tensor, name: str) -> Tensor:
        return self._node({"relu": "Relu"}[name], [x.name], x.channels)

    def _ReLU(self, x: Tensor, max_value: float) -> Tensor:
        return self._node("Clip", [x.name, self._weight(value=0.0), self._weight(value=max_value)], x.channels)

    def _ZeroPadding2D(self, x: Tensor, padding: Any) -> Tensor:
        (top, bottom), (left, right) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
        name = f"w{len(self.tensors)}"
        pads = numpy.array([0, 0, top, left, 0, 0, bottom, right], "int64")
        self.tensors.append(numpy_helper.from_array(pads, name))
        return self._node("Pad", [x.name, name], x.channels)

    def _MaxPooling2D(self, x: Tensor, size: int, strides: int) -> Tensor:
        return self._node("MaxPool", [x.name], x.channels, kernel_shape=[size] * 2, strides=[strides] * 2)

    def _Add(self, operands: list[Tensor]) -> Tensor:
        return self._node("Add", [operand.name for operand in operands], operands[0].channels)

    def _GlobalAveragePooling2D(self, x: Tensor) -> Tensor:
        pooled = self._node("GlobalAveragePool", [x.name], x.channels)
        return self._node("Flatten", [pooled.name], x.channels)

    def _Dense(self, x: Tensor, units: int, activation: str) -> Tensor:
        weights = [self._weight(x.channels, units), self._weight(units, value=0.0)]
        sums = self._node("Gemm", [x.name, *weights], units)
        return self._node({"softmax": "Softmax"}[activation], [sums.name], units)


def model_bytes(name: str) -> bytes:
    """Return a network as the contents of an ONNX file; its input is (1, channels, height, width)."""
    layers = Layers()
    shape = picture().transpose(0, 3, 1, 2).shape
    kit = SimpleNamespace(layers=layers, Input=lambda shape: Tensor("x", shape[-1]), Model=lambda start, end: end)
    end = network(kit, name)
    ends = [
        helper.make_tensor_value_info(label, TensorProto.FLOAT, list(dims))
        for label, dims in (("x", shape), (end.name, (1, end.channels)))
    ]
    graph = helper.make_graph(layers.nodes, name, ends[:1], ends[1:], layers.tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def predicting(name: str) -> dict[str, Run]:
    """Return a contestant that predicts one picture, with as many threads as ONNX Runtime likes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_bytes(name), options, providers=["CPUExecutionProvider"])
    feed = {"x": numpy.ascontiguousarray(picture().transpose(0, 3, 1, 2))}

    def predict(count: int) -> None:
        for _ in range(count):
            session.run(None, feed)

    return {"ONNX Runtime": predict}
