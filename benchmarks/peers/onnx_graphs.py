"""ONNX: the networks of dense and recurrent layers as graphs, as exporters write them."""

from __future__ import annotations

from typing import Any

import numpy
from onnx import TensorProto, helper, numpy_helper

from benchmarks.networks import dense, recurrent

_DENSE = {
    "base": (dense.BASE_WIDTHS, ("Sigmoid", "Sigmoid")),
    "mlp": (dense.MLP_WIDTHS, ("Relu", "Relu", "Softmax")),
}


def model_of(
    name: str, nodes: list[Any], tensors: list[Any], inputs: tuple[str, list[Any]], outputs: tuple[str, list[Any]]
) -> bytes:
    """Return a graph with one input and one output, each a name and a shape, as the contents of an ONNX file."""
    ends = [helper.make_tensor_value_info(label, TensorProto.FLOAT, shape) for label, shape in (inputs, outputs)]
    graph = helper.make_graph(nodes, name, ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def dense_bytes(network: str) -> bytes:
    """Return a network (``base`` or ``mlp``) as the contents of an ONNX file."""
    nodes, tensors, current = [], [], "x"
    widths, activations = _DENSE[network]
    for number, (activation, (kernel, bias)) in enumerate(zip(activations, dense.weights(widths), strict=True)):
        tensors += [numpy_helper.from_array(kernel, f"w{number}"), numpy_helper.from_array(bias, f"b{number}")]
        nodes.append(helper.make_node("Gemm", [current, f"w{number}", f"b{number}"], [f"z{number}"]))
        current = "y" if number == len(activations) - 1 else f"a{number}"
        nodes.append(helper.make_node(activation, [f"z{number}"], [current]))
    return model_of(network, nodes, tensors, ("x", ["batch", widths[0]]), ("y", ["batch", widths[-1]]))


def lstm_bytes() -> bytes:
    """Return the LSTM alone as the contents of an ONNX file; inside, time is before batch, as ONNX Runtime has it."""
    kernel, recurrent_kernel, bias = (_gates(array) for array in recurrent.weights()[:3])
    arrays = {
        "w": kernel.T[None],
        "r": recurrent_kernel.T[None],
        "b": numpy.concatenate([bias, numpy.zeros_like(bias)])[None],
        "axes": numpy.array([0], "int64"),
    }
    tensors = [numpy_helper.from_array(numpy.ascontiguousarray(array), name) for name, array in arrays.items()]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r", "b"], ["", "h"], hidden_size=recurrent.UNITS),
        helper.make_node("Squeeze", ["h", "axes"], ["y"]),
    ]
    shape = ["batch", recurrent.TIME, recurrent.FEATURES]
    return model_of("lstm", nodes, tensors, ("x", shape), ("y", ["batch", recurrent.UNITS]))


def _gates(array: numpy.ndarray) -> numpy.ndarray:
    """Bring the gates from Keras's order (input, forget, candidate, output) into ONNX's (i, o, f, c)."""
    i, f, c, o = numpy.split(array, 4, axis=-1)
    return numpy.concatenate([i, o, f, c], axis=-1)
