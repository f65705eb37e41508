"""A training step of an LSTM of 64 units over 64 steps of 32 numbers with Adam, batch 32: nnc's ``fit`` and peers."""

from __future__ import annotations

import os
from typing import Any

import numpy

from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import compare_timers
from benchmarks.worker import Run, Workers

ROWS, BATCH, TIME, FEATURES, UNITS, RATE = 512, 32, 64, 32, 64, 0.001
STEPS = ROWS // BATCH
FIT = "nnc fit"


def data() -> tuple[Any, Any]:
    """Return random sequences and a number for each, as float32."""
    generator = numpy.random.default_rng(2)
    return generator.random((ROWS, TIME, FEATURES), "float32"), generator.random((ROWS, 1), "float32")


def network(nn: Any) -> Any:
    """Return an LSTM and a dense layer behind it, compiled with Adam and the mean squared error."""
    model = nn.Sequential([nn.Input((TIME, FEATURES)), nn.layers.LSTM(UNITS), nn.layers.Dense(1)])
    model.compile(optimizer=nn.optimizers.Adam(RATE), loss="mean_squared_error")
    return model


def contestants() -> dict[str, Run]:
    """Return nnc's contestant."""
    import nnc

    model, (x, y) = network(nnc), data()
    return {FIT: lambda epochs: model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)}


def run(settings: Settings) -> list[Row]:
    """Measure with all processors and, where there are several, with one; return the rows."""
    processors = len(os.sched_getaffinity(0))
    return [row for threads in sorted({processors, 1}, reverse=True) for row in _run(settings, threads)]


def _run(settings: Settings, threads: int) -> list[Row]:
    work = f"LSTM({UNITS}) on {TIME}×{FEATURES}, training step, {threads} thread{'s' if threads > 1 else ''}"
    with Workers() as workers:
        workers.start("benchmarks.recurrent:contestants", threads=threads)
        for engine in ("keras", "torch"):
            workers.start(f"benchmarks.peers.{engine}_sequences:contestants", threads=threads)
        comparison = compare_timers(workers.timers, settings.rounds, settings.min_time, STEPS)
    peers = (Versus("tf.keras fit", Goal(at_most=0.8)), Versus("PyTorch, eager"))
    return [*rows_of(work, comparison, [FIT], peers), *workers.missing_rows(work)]
