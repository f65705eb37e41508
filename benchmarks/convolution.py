"""Networks on pictures: a training step and predictions of a small CNN, predictions of ResNet-50 and MobileNetV2."""

from __future__ import annotations

from typing import Any

from benchmarks import driving
from benchmarks.agreement import agreement_rows
from benchmarks.driving import COPY, FIT, WINDOW, fitting
from benchmarks.image_networks import CNN_BATCH, CNN_STEPS, cnn_data, network, picture, small_cnn
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings, thread_choices, threads_text
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Workers

GOALS = {"resnet50": (2.6, 1.6), "mobilenet_v2": (8.0, 1.8)}
"""How much of ONNX Runtime's time a prediction may take, and how much faster than ``predict`` of Keras it must be."""


def training(backend: str) -> dict[str, Contestant]:
    """Return nnc's contestant that trains epochs of the small network."""
    import nnc

    model = small_cnn(nnc)
    model.backend = backend
    return {FIT[backend]: fitting(model, cnn_data(), CNN_BATCH)}


def predicting(name: str, backend: str, rows: int = 1) -> dict[str, Contestant]:
    """Return nnc's contestants that predict pictures."""
    import nnc

    model: Any = small_cnn(nnc) if name == "cnn" else network(nnc, name)
    x = cnn_data()[0][:rows].copy() if name == "cnn" else picture()
    return driving.predicting(nnc.compile(model, backend=backend), x, backend)


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    return [
        *(row for threads in thread_choices() for row in _training(settings, threads)),
        *(row for rows in (1, 32) for threads in thread_choices() for row in _small(settings, rows, threads)),
        *(row for name in GOALS for threads in thread_choices() for row in _large(settings, name, threads)),
    ]


def _training(settings: Settings, threads: int | None) -> list[Row]:
    work = f"small CNN, training step of {CNN_BATCH}{threads_text(threads)}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.convolution:training", {"backend": backend}, threads)
        for engine in ("keras", "torch"):
            workers.start(f"benchmarks.peers.{engine}_images:training", threads=threads)
        agreed = agreement_rows(work, workers, FIT[settings.backends[-1]])
        comparison = settings.race(workers.timers, CNN_STEPS)
    goal = Goal(at_most=1.6) if threads is None else None
    peers = (Versus("tf.keras fit", goal), Versus("PyTorch, eager, channels last"))
    rows = rows_of(work, comparison, [FIT["numpy"]], peers) if "numpy" in settings.backends else []
    if "c" in settings.backends:
        names, others = [versus.peer for versus in peers], [FIT["numpy"]] if rows else []
        rows += target_rows("small CNN, training step", work, comparison, [FIT["c"]], names, others)
    return [*rows, *agreed, *workers.missing_rows(work)]


def _small(settings: Settings, rows: int, threads: int | None) -> list[Row]:
    if "c" not in settings.backends:
        return []
    key = f"MNIST CNN, predict {rows} row{'s' if rows > 1 else ''}"
    work = f"{key}{threads_text(threads)}"
    with Workers() as workers:
        for backend in settings.backends:
            arguments = {"name": "cnn", "backend": backend, "rows": rows}
            workers.start("benchmarks.convolution:predicting", arguments, threads)
        arguments = {"name": "cnn", "rows": rows, "threads": threads or 0}
        workers.start("benchmarks.peers.onnx_images:predicting", arguments, threads)
        agreed = agreement_rows(work, workers, COPY["c"])
        comparison = settings.race(workers.timers)
    others = [COPY["numpy"]] if "numpy" in settings.backends else []
    found = target_rows(key, work, comparison, [COPY["c"], WINDOW["c"]], ["ONNX Runtime"], others)
    return [*found, *agreed, *workers.missing_rows(work)]


def _large(settings: Settings, name: str, threads: int | None) -> list[Row]:
    key = f"{name}, predict 1 picture"
    work = f"{key}{threads_text(threads)}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.convolution:predicting", {"name": name, "backend": backend}, threads)
        workers.start("benchmarks.peers.onnx_images:predicting", {"name": name, "threads": threads or 0}, threads)
        for engine in ("keras", "torch"):
            workers.start(f"benchmarks.peers.{engine}_images:predicting", {"name": name}, threads)
        agreed = agreement_rows(work, workers, COPY[settings.backends[-1]])
        for backend in settings.backends:
            workers.timers.pop(WINDOW[backend], None)  # a thousand numbers more or less
        comparison = settings.race(workers.timers)
    slower, faster = GOALS[name]
    peers = (
        Versus("ONNX Runtime", Goal(at_most=slower) if threads is None else None),
        Versus("tf.keras predict", Goal(at_least=faster) if threads is None else None),
        Versus("tf.function of the Keras model"),
        Versus("PyTorch, eager"),
    )
    rows = rows_of(work, comparison, [COPY["numpy"]], peers) if "numpy" in settings.backends else []
    if "c" in settings.backends:
        names, others = [versus.peer for versus in peers], [COPY["numpy"]] if rows else []
        rows += target_rows(key, work, comparison, [COPY["c"]], names, others)
    return [*rows, *agreed, *workers.missing_rows(work)]
