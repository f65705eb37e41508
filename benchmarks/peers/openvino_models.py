"""OpenVINO: predictions of a compiled model in float32, with a new array for each result or into bound tensors."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy
import openvino

from benchmarks.contestant import Contestant, calling, numbers_of
from benchmarks.peers.onnx_models import contents

OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}


def _compiled(network: str, rows: int) -> tuple[Any, Any]:
    """Return a compiled model for inputs of this shape, which uses the processors of this process, and its input."""
    found, x = contents(network, rows)
    model = openvino.convert_model(io.BytesIO(found))
    model.reshape(list(x.shape))
    options = {**OPTIONS, "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0))}
    return openvino.Core().compile_model(model, "CPU", options), x


def run(network: str, rows: int) -> Contestant:
    """Return a contestant whose results are arrays of their own."""
    compiled, x = _compiled(network, rows)
    output = compiled.output(0)
    return calling(lambda: compiled(x)[output])


def bound(network: str, rows: int) -> Contestant:
    """Return a contestant whose input and output stay where they are."""
    compiled, x = _compiled(network, rows)
    y = numpy.zeros(tuple(compiled.output(0).shape), "float32")
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
    request.set_output_tensor(openvino.Tensor(y, shared_memory=True))
    infer = request.infer

    def run_bound(count: int, kept: tuple[Any, Any] = (x, y)) -> None:
        del kept  # the request knows only where they lie: somebody has to keep them
        for _ in range(count):
            infer(None, share_outputs=True)

    def numbers() -> Any:
        y.fill(0)
        run_bound(1)
        return numbers_of(y)

    return Contestant(run_bound, numbers)
