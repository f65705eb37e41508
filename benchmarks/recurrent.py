"""An LSTM of 64 units over 64 steps of 32 numbers: a training step with Adam, batch 32, and predictions."""

from __future__ import annotations

import os
from typing import Any

import numpy

from benchmarks import driving
from benchmarks.agreement import agreement_rows
from benchmarks.driving import COPY, FIT, WINDOW, fitting
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings, thread_choices, threads_text
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Workers

ROWS, BATCH, TIME, FEATURES, UNITS, RATE = 512, 32, 64, 32, 64, 0.001
STEPS = ROWS // BATCH
SHAPES = ((FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, 1), (1,))
"""Of the weights, in Keras's order."""


def data() -> tuple[Any, Any]:
    """Return random sequences and a number for each, as float32."""
    generator = numpy.random.default_rng(2)
    return generator.random((ROWS, TIME, FEATURES), "float32"), generator.random((ROWS, 1), "float32")


def weights() -> list[Any]:
    """Return the weights, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    return [generator.normal(0.0, shape[0] ** -0.5, shape).astype("float32") for shape in SHAPES]


def network(nn: Any) -> Any:
    """Return an LSTM and a dense layer behind it, compiled with Adam and the mean squared error."""
    model = nn.Sequential([nn.Input((TIME, FEATURES)), nn.layers.LSTM(UNITS), nn.layers.Dense(1)])
    model.set_weights(weights())
    model.compile(optimizer=nn.optimizers.Adam(RATE), loss="mean_squared_error")
    return model


def contestants(backend: str) -> dict[str, Contestant]:
    """Return nnc's contestant."""
    import nnc

    model = network(nnc)
    model.backend = backend
    return {FIT[backend]: fitting(model, data(), BATCH)}


def predicting(backend: str, rows: int) -> dict[str, Contestant]:
    """Return nnc's contestants that run the LSTM alone."""
    import nnc

    model = nnc.Sequential([nnc.Input((TIME, FEATURES)), nnc.layers.LSTM(UNITS)])
    model.set_weights(weights()[:3])
    return driving.predicting(nnc.compile(model, backend=backend), data()[0][:rows].copy(), backend)


def run(settings: Settings) -> list[Row]:
    """Measure with all processors and, where there are several, with one; return the rows."""
    processors = len(os.sched_getaffinity(0))
    trained = [row for threads in sorted({processors, 1}, reverse=True) for row in _training(settings, threads)]
    return [
        *trained,
        *(row for rows in (1, 32) for threads in thread_choices() for row in _predicting(settings, rows, threads)),
    ]


def _training(settings: Settings, threads: int) -> list[Row]:
    work = f"LSTM({UNITS}) on {TIME}×{FEATURES}, training step, {threads} thread{'s' if threads > 1 else ''}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.recurrent:contestants", {"backend": backend}, threads)
        for engine in ("keras", "torch", "jax"):
            workers.start(f"benchmarks.peers.{engine}_sequences:contestants", threads=threads)
        agreed = agreement_rows(work, workers, FIT[settings.backends[-1]])
        comparison = settings.race(workers.timers, STEPS)
    rows = []
    peers = ("tf.keras fit", "PyTorch, eager", "JAX, jitted step")
    if "numpy" in settings.backends:
        rows = rows_of(work, comparison, [FIT["numpy"]], [Versus(peers[0], Goal(at_most=0.8)), *map(Versus, peers[1:])])
    if "c" in settings.backends:
        others = [FIT["numpy"]] if rows else []
        rows += target_rows("LSTM, training step", work, comparison, [FIT["c"]], peers, others)
    return [*rows, *agreed, *workers.missing_rows(work)]


def _predicting(settings: Settings, rows: int, threads: int | None) -> list[Row]:
    if "c" not in settings.backends:
        return []
    text = f"predict {rows} row{'s' if rows > 1 else ''}"
    work = f"LSTM({UNITS}) on {TIME}×{FEATURES}, {text}{threads_text(threads)}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.recurrent:predicting", {"backend": backend, "rows": rows}, threads)
        workers.start("benchmarks.peers.onnx_sequences:predicting", {"rows": rows, "threads": threads or 0}, threads)
        agreed = agreement_rows(work, workers, COPY["c"])
        comparison = settings.race(workers.timers)
    others = [COPY["numpy"]] if "numpy" in settings.backends else []
    found = target_rows(f"LSTM, {text}", work, comparison, [COPY["c"], WINDOW["c"]], ["ONNX Runtime"], others)
    return [*found, *agreed, *workers.missing_rows(work)]
