"""ONNX Runtime: the same networks as ONNX graphs, in a warm session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.agreement import numbers_of
from benchmarks.networks import BASE_WIDTHS, MLP_WIDTHS, base_data, mlp_data, weights
from benchmarks.worker import Contestant, Run

_ACTIVATIONS = {"base": ("Sigmoid", "Sigmoid"), "mlp": ("Relu", "Relu", "Softmax")}
_WIDTHS = {"base": BASE_WIDTHS, "mlp": MLP_WIDTHS}


def model_bytes(network: str) -> bytes:
    """Return a network (``base`` or ``mlp``) as the contents of an ONNX file."""
    nodes, tensors, current = [], [], "x"
    pairs = weights(_WIDTHS[network])
    for number, (activation, (kernel, bias)) in enumerate(zip(_ACTIVATIONS[network], pairs, strict=True)):
        tensors += [numpy_helper.from_array(kernel, f"w{number}"), numpy_helper.from_array(bias, f"b{number}")]
        nodes.append(helper.make_node("Gemm", [current, f"w{number}", f"b{number}"], [f"z{number}"]))
        current = "y" if number == len(pairs) - 1 else f"a{number}"
        nodes.append(helper.make_node(activation, [f"z{number}"], [current]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
        for name, width in (("x", _WIDTHS[network][0]), ("y", _WIDTHS[network][-1]))
    ]
    graph = helper.make_graph(nodes, network, ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_model(network: str, path: Path) -> None:
    """Write a network as an ONNX file."""
    path.write_bytes(model_bytes(network))


def latency(network: str, rows: int, threads: int) -> dict[str, Run | Contestant]:
    """Return contestants that predict one batch; 0 threads leave the number to ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_bytes(network), options, providers=["CPUExecutionProvider"])
    x = (base_data() if network == "base" else mlp_data())[0][:rows].copy()
    label = "1 thread" if threads == 1 else "default threads"
    return {
        f"ONNX Runtime, {label}": _run(session, x),
        f"ONNX Runtime, {label}, bound output": _bound(session, x, _WIDTHS[network][-1]),
    }


def _run(session: Any, x: Any) -> Contestant:
    names, feed, run = ["y"], {"x": x}, session.run

    def predict(count: int) -> None:
        for _ in range(count):
            run(names, feed)

    return Contestant(predict, lambda: numbers_of(run(names, feed)[0]))


def _bound(session: Any, x: Any, width: int) -> Run:
    """Input and output stay where they are: the way without allocation."""
    y = numpy.empty((len(x), width), "float32")
    binding, run = session.io_binding(), session.run_with_iobinding
    for name, array, bind in (("x", x, binding.bind_input), ("y", y, binding.bind_output)):
        bind(name, "cpu", 0, numpy.float32, list(array.shape), array.ctypes.data)

    def predict(count: int, bound: tuple[Any, Any] = (x, y)) -> None:
        del bound  # the session knows only where they lie: somebody has to keep them
        for _ in range(count):
            run(binding)

    return predict
