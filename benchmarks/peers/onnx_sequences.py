"""ONNX Runtime: the recurrent network as an ONNX graph, in a warm session."""

from __future__ import annotations

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.driving import calling
from benchmarks.recurrent import FEATURES, TIME, UNITS, data, weights
from benchmarks.worker import Contestant


def model_bytes() -> bytes:
    """Return the LSTM alone as the contents of an ONNX file; inside, time is before batch, as ONNX Runtime has it."""
    kernel, recurrent, bias = (_gates(array) for array in weights()[:3])
    biases = numpy.concatenate([bias, numpy.zeros_like(bias)])
    arrays = {"w": kernel.T[None], "r": recurrent.T[None], "b": biases[None], "axes": numpy.array([0], "int64")}
    tensors = [numpy_helper.from_array(numpy.ascontiguousarray(array), name) for name, array in arrays.items()]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r", "b"], ["", "h"], hidden_size=UNITS),
        helper.make_node("Squeeze", ["h", "axes"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in (("x", (TIME, FEATURES)), ("y", (UNITS,)))
    ]
    graph = helper.make_graph(nodes, "lstm", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def _gates(array: numpy.ndarray) -> numpy.ndarray:
    """Bring the gates from Keras's order (input, forget, candidate, output) into ONNX's (i, o, f, c)."""
    i, f, c, o = numpy.split(array, 4, axis=-1)
    return numpy.concatenate([i, o, f, c], axis=-1)


def predicting(rows: int, threads: int = 0) -> dict[str, Contestant]:
    """Return a contestant that predicts; 0 threads leave the number to ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_bytes(), options, providers=["CPUExecutionProvider"])
    names, feed = ["y"], {"x": data()[0][:rows].copy()}
    return {"ONNX Runtime": calling(lambda: session.run(names, feed)[0])}
