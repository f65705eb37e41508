"""ONNX: the networks of dense and recurrent layers as graphs, as exporters write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from onnx import TensorProto, helper, numpy_helper

from benchmarks.networks import dense, recurrent, sequences

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
    widths, activations = _DENSE[network]
    return layers_bytes(network, dense.weights(widths), activations)


def layers_bytes(
    name: str, weights: Sequence[tuple[numpy.ndarray, numpy.ndarray]], activations: Sequence[str]
) -> bytes:
    """Return dense layers, each of a kernel, a bias and an activation, as the contents of an ONNX file."""
    nodes, tensors, current = [], [], "x"
    for number, (activation, (kernel, bias)) in enumerate(zip(activations, weights, strict=True)):
        tensors += [numpy_helper.from_array(kernel, f"w{number}"), numpy_helper.from_array(bias, f"b{number}")]
        nodes.append(helper.make_node("Gemm", [current, f"w{number}", f"b{number}"], [f"z{number}"]))
        current = "y" if number == len(activations) - 1 else f"a{number}"
        nodes.append(helper.make_node(activation, [f"z{number}"], [current]))
    ends = weights[0][0].shape[0], weights[-1][0].shape[1]
    return model_of(name, nodes, tensors, ("x", ["batch", ends[0]]), ("y", ["batch", ends[1]]))


def lstm_bytes() -> bytes:
    """Return the LSTM alone as the contents of an ONNX file; inside, time is before batch, as ONNX Runtime has it."""
    kernel, recurrent_kernel, bias = (_gates(array) for array in recurrent.weights()[:3])
    arrays = {
        "w": kernel.T[None],
        "r": recurrent_kernel.T[None],
        "b": numpy.concatenate([bias, numpy.zeros_like(bias)])[None],
        "axes": numpy.array([0], "int64"),
    }
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r", "b"], ["", "h"], hidden_size=recurrent.UNITS),
        helper.make_node("Squeeze", ["h", "axes"], ["y"]),
    ]
    return _recurrent("lstm", nodes, arrays, (recurrent.TIME, recurrent.FEATURES), recurrent.UNITS)


def gru_bytes(weights: list[numpy.ndarray]) -> bytes:
    """Return the GRU as the contents of an ONNX file, from Keras's weights, whose gates are in ONNX's order."""
    kernel, recurrent_kernel, bias = weights
    arrays = {
        "w": kernel.T[None],
        "r": recurrent_kernel.T[None],
        "b": bias.reshape(1, -1),
        "axes": numpy.array([0], "int64"),
    }
    options = {"hidden_size": sequences.UNITS, "linear_before_reset": 1}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["t", "w", "r", "b"], ["", "h"], **options),
        helper.make_node("Squeeze", ["h", "axes"], ["y"]),
    ]
    return _recurrent("gru", nodes, arrays, sequences.RECURRENT, sequences.UNITS)


def masked_lstm_bytes(weights: list[numpy.ndarray]) -> bytes:
    """Return the LSTMs in both directions as the contents of an ONNX file, from Keras's weights.

    Lengths are counted: steps of zeros are what sequences are filled up with.
    """
    kernels, recurrent_kernels, biases = ([_gates(array) for array in weights[number::3]] for number in range(3))
    arrays = {
        "w": numpy.stack([array.T for array in kernels]),
        "r": numpy.stack([array.T for array in recurrent_kernels]),
        "b": numpy.stack([numpy.concatenate([array, numpy.zeros_like(array)]) for array in biases]),
        "zero": numpy.zeros((), "float32"),
        "time": numpy.array([1], "int64"),
        "side by side": numpy.array([0, -1], "int64"),
    }
    options = {"hidden_size": sequences.UNITS, "direction": "bidirectional"}
    nodes = [
        helper.make_node("Abs", ["x"], ["sizes"]),
        helper.make_node("ReduceMax", ["sizes"], ["size"], axes=[2], keepdims=0),
        helper.make_node("Greater", ["size", "zero"], ["mask"]),
        helper.make_node("Cast", ["mask"], ["ones"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["ones", "time"], ["lengths"], keepdims=0),
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r", "b", "lengths"], ["", "h"], **options),
        helper.make_node("Transpose", ["h"], ["pairs"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["pairs", "side by side"], ["y"]),
    ]
    return _recurrent("masked_lstm", nodes, arrays, sequences.RECURRENT, 2 * sequences.UNITS)


def _recurrent(
    name: str, nodes: list[Any], arrays: dict[str, numpy.ndarray], shape: tuple[int, int], units: int
) -> bytes:
    tensors = [numpy_helper.from_array(numpy.ascontiguousarray(array), label) for label, array in arrays.items()]
    return model_of(name, nodes, tensors, ("x", ["batch", *shape]), ("y", ["batch", units]))


def _gates(array: numpy.ndarray) -> numpy.ndarray:
    """Bring the gates from Keras's order (input, forget, candidate, output) into ONNX's (i, o, f, c)."""
    i, f, c, o = numpy.split(array, 4, axis=-1)
    return numpy.concatenate([i, o, f, c], axis=-1)
