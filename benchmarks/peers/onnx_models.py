"""ONNX Runtime: predictions of a warm session, with a new array for each result or into a bound one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy
import onnxruntime

from benchmarks.contestant import Contestant, calling, numbers_of
from benchmarks.networks import rows_of
from benchmarks.peers.onnx_graphs import dense_bytes, lstm_bytes
from benchmarks.peers.onnx_images import image_bytes


def write_model(network: str, path: Path) -> None:
    """Write ``base`` or ``mlp`` as an ONNX file."""
    path.write_bytes(dense_bytes(network))


def _session(network: str, rows: int) -> tuple[Any, Any]:
    """Return a session, which uses the processors of this process, and its input."""
    x = rows_of(network, rows)
    if network in ("base", "mlp"):
        contents = dense_bytes(network)
    elif network == "lstm_alone":
        contents = lstm_bytes()
    else:
        x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
        contents = image_bytes(network, x.shape)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(contents, options, providers=["CPUExecutionProvider"]), x


def run(network: str, rows: int) -> Contestant:
    """Return a contestant that calls `run`."""
    session, x = _session(network, rows)
    names, feed, predict = [session.get_outputs()[0].name], {"x": x}, session.run
    return calling(lambda: predict(names, feed)[0])


def bound(network: str, rows: int) -> Contestant:
    """Return a contestant whose input and output stay where they are: the way without allocation."""
    session, x = _session(network, rows)
    name = session.get_outputs()[0].name
    (y,) = session.run([name], {"x": x})
    binding, predict = session.io_binding(), session.run_with_iobinding
    for label, array, bind in (("x", x, binding.bind_input), (name, y, binding.bind_output)):
        bind(label, "cpu", 0, numpy.float32, list(array.shape), array.ctypes.data)

    def run_bound(count: int, kept: tuple[Any, Any] = (x, y)) -> None:
        del kept  # the session knows only where they lie: somebody has to keep them
        for _ in range(count):
            predict(binding)

    def numbers() -> Any:
        y.fill(0)
        run_bound(1)
        return numbers_of(y)

    return Contestant(run_bound, numbers)
