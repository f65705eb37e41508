"""Whole processes that load a network from its file and predict once: how long that takes, and how much memory."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy

from benchmarks.networks import nnc_model, rows_of
from benchmarks.report import Goal, Row, Versus, bytes_text, ratio_text
from benchmarks.report import rows_of as time_rows
from benchmarks.settings import Settings
from benchmarks.startup import commands_of, environment_of
from benchmarks.timing import Comparison

NNC = "nnc, C, compiled before"
ONNX, OPENVINO = "ONNX Runtime", "OpenVINO"
_TIMES: dict[str, tuple[Versus, ...]] = {
    "mobilenet_v2": (Versus(ONNX, Goal(at_most=1.0)), Versus(OPENVINO)),
    "resnet50": (Versus(ONNX), Versus(OPENVINO, Goal(at_most=1.0))),
    "wide_mlp": (Versus(ONNX), Versus(OPENVINO)),
}
"""Networks, and what is wanted of the time against each peer."""
_MEMORY = {"resnet50": 1.2, "wide_mlp": 1.2}
"""How many times the memory of ONNX Runtime a network may take at most."""
_TITLES = {"mobilenet_v2": "MobileNetV2", "resnet50": "ResNet-50", "wide_mlp": "four layers of 4096"}
_CODES = {
    NNC: "from nnc import load; start = clock(); y = load({file!r}, backend='c').predict(x)",
    ONNX: (
        "import onnxruntime; options = onnxruntime.SessionOptions(); options.intra_op_num_threads = {threads}; "
        "start = clock(); "
        "session = onnxruntime.InferenceSession({file!r}, options, providers=['CPUExecutionProvider']); "
        "y = session.run(None, {{session.get_inputs()[0].name: x}})[0]"
    ),
    OPENVINO: (
        "import openvino; start = clock(); core = openvino.Core(); model = core.read_model({file!r}); "
        "model.reshape(list(x.shape)); "
        "options = {{'INFERENCE_NUM_THREADS': {threads}, 'INFERENCE_PRECISION_HINT': 'f32'}}; "
        "y = core.compile_model(model, 'CPU', options)(x)[0]"
    ),
}
"""How each loads a file and predicts; packages are imported before the time begins."""
_AROUND = """
import json, os, resource, numpy
from time import perf_counter as clock
x = numpy.load({rows!r})
{code}
seconds = clock() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if os.path.exists("/proc/self/status"):  # where the other number begins with that of the process that started this one
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak * 1024]))
"""
_ROUNDS = 5


def run(settings: Settings) -> list[Row]:
    """Measure with one thread, and return the rows."""
    if "c" not in settings.backends:
        return []
    with TemporaryDirectory() as folder:
        return [row for network in _TIMES for row in _loading(settings, network, Path(folder))]


def _loading(settings: Settings, network: str, folder: Path) -> list[Row]:
    codes = _written(settings, network, folder)
    environment = environment_of(folder) | {"NNC_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    seconds: dict[str, list[float]] = {name: [] for name in codes}
    peaks: dict[str, list[float]] = {name: [] for name in codes}
    for turn in range(1 + min(settings.processes, _ROUNDS)):
        for name, command in commands_of(codes).items():
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            if turn > 0:  # the first round compiles
                seconds[name].append(found[0])
                peaks[name].append(found[1])
    work = f"{_TITLES[network]}, load and predict once"
    times = time_rows(f"{work}, packages imported, 1 thread", Comparison(seconds), [NNC], _TIMES[network])
    return [*times, *_memory_rows(f"{work}, most memory of the process", peaks, _MEMORY.get(network))]


def _written(settings: Settings, network: str, folder: Path) -> dict[str, str]:
    """Write a network's files, and return the code of each contestant."""
    files = {NNC: folder / f"{network}.nnc"}
    nnc_model(network).program.save(files[NNC])
    inputs = {NNC: rows_of(network, 1)}
    if {"onnxruntime", "openvino"} & {*settings.engines}:
        from benchmarks.peers.onnx_models import contents

        file = folder / f"{network}.onnx"
        data, x = contents(network, 1)
        file.write_bytes(data)
        for name, engine in ((ONNX, "onnxruntime"), (OPENVINO, "openvino")):
            if engine in settings.engines:
                files[name], inputs[name] = file, x
    codes = {}
    for name, file in files.items():
        rows = folder / f"{network} {name}.npy"
        numpy.save(rows, inputs[name])
        codes[name] = _AROUND.format(rows=str(rows), code=_CODES[name].format(file=str(file), threads=1))
    return codes


def _memory_rows(work: str, peaks: Mapping[str, list[float]], limit: float | None) -> list[Row]:
    medians = {name: statistics.median(samples) for name, samples in peaks.items()}
    rows = []
    for name, samples in peaks.items():
        ratio = medians[NNC] / medians[name]
        is_limited = name == ONNX and limit is not None
        rows.append(
            Row(
                work,
                name,
                bytes_text(medians[name]),
                ratio="" if name == NNC else f"{ratio_text(ratio)}× its memory",
                wanted=f"≤ {limit:g}×" if is_limited else "",
                reached=ratio <= limit if is_limited and limit is not None else None,
                samples=samples,
            )
        )
    return rows
