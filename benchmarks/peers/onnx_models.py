"""ONNX Runtime: predictions of a warm session, with a new array for each result or into a bound one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import onnxruntime

from benchmarks.contestant import Contestant, calling, numbers_of
from benchmarks.networks import NETWORKS, rows_of
from benchmarks.peers.converted import kept, onnx_bytes
from benchmarks.peers.onnx_graphs import dense_bytes, gru_bytes, layers_bytes, lstm_bytes, masked_lstm_bytes
from benchmarks.peers.onnx_images import image_bytes

_WRITTEN: dict[str, Callable[[list[numpy.ndarray]], bytes]] = {
    "gru": gru_bytes,
    "masked_lstm": masked_lstm_bytes,
    "wide_mlp": lambda weights: _wide_bytes("wide_mlp", weights, "Relu"),
    "wide_classifier": lambda weights: _wide_bytes("wide_classifier", weights, "Softmax"),
}
"""Networks of Keras's that are written from their weights: tf2onnx makes loops of recurrent layers, which neither ONNX
Runtime nor OpenVINO reads, and takes minutes for large weights."""


def _wide_bytes(name: str, weights: list[numpy.ndarray], activation: str) -> bytes:
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    return layers_bytes(name, pairs, [activation] * len(pairs))


def write_model(network: str, path: Path) -> None:
    """Write ``base`` or ``mlp`` as an ONNX file."""
    path.write_bytes(dense_bytes(network))


def contents(network: str, rows: int) -> tuple[bytes, Any]:
    """Return a network as the contents of an ONNX file, and its input in the form that suits it."""
    x = rows_of(network, rows)
    if network in ("base", "mlp"):
        return dense_bytes(network), x
    if network == "lstm_alone":
        return lstm_bytes(), x
    if network in ("cnn", "resnet50", "mobilenet_v2"):
        x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
        return image_bytes(network, x.shape), x
    if network in _WRITTEN:
        return kept("onnx", network, x, lambda: _WRITTEN[network](_weights(network))), x
    return onnx_bytes(network, x), x


def _weights(network: str) -> list[numpy.ndarray]:
    import keras

    found: list[numpy.ndarray] = NETWORKS[network].make(keras).get_weights()
    return found


def _session(network: str, rows: int) -> tuple[Any, Any]:
    """Return a session, which uses the processors of this process, and its input."""
    found, x = contents(network, rows)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(found, options, providers=["CPUExecutionProvider"]), x


def run(network: str, rows: int) -> Contestant:
    """Return a contestant that calls `run`."""
    session, x = _session(network, rows)
    names, feed, predict = [session.get_outputs()[0].name], {session.get_inputs()[0].name: x}, session.run
    return calling(lambda: predict(names, feed)[0])


def bound(network: str, rows: int) -> Contestant:
    """Return a contestant whose input and output stay where they are: the way without allocation."""
    session, x = _session(network, rows)
    start, end = session.get_inputs()[0].name, session.get_outputs()[0].name
    (y,) = session.run([end], {start: x})
    binding, predict = session.io_binding(), session.run_with_iobinding
    for label, array, bind in ((start, x, binding.bind_input), (end, y, binding.bind_output)):
        bind(label, "cpu", 0, array.dtype, list(array.shape), array.ctypes.data)

    def run_bound(count: int, kept: tuple[Any, Any] = (x, y)) -> None:
        del kept  # the session knows only where they lie: somebody has to keep them
        for _ in range(count):
            predict(binding)

    def numbers() -> Any:
        y.fill(0)
        run_bound(1)
        return numbers_of(y)

    return Contestant(run_bound, numbers)
