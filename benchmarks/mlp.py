"""A training step of the 784-512-256-10 network with Adam, batch 128: nnc's ``fit`` against its peers."""

from __future__ import annotations

import os

from benchmarks.networks import MLP_BATCH, MLP_STEPS, mlp_data, nnc_mlp
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import compare_timers
from benchmarks.worker import Run, Workers

WORK = "MLP, training step"
NNC = "nnc fit"
PEERS = (
    Versus("tf.keras fit", Goal(at_least=1.8)),
    Versus("tf.keras fit, an epoch per execution"),
    Versus("JAX, jitted step, batches ready", Goal(at_most=1.4)),
    Versus("JAX, jitted step, gathers rows"),
    Versus("PyTorch, eager, fused Adam"),
)


def contestants() -> dict[str, Run]:
    """Return nnc's contestant."""
    model, (x, y) = nnc_mlp(), mlp_data()
    return {NNC: lambda epochs: model.fit(x, y, batch_size=MLP_BATCH, epochs=epochs, verbose=0)}


def run(settings: Settings) -> list[Row]:
    """Measure with all processors and, where there are several, with one; return the rows."""
    processors = len(os.sched_getaffinity(0))
    return [row for threads in sorted({processors, 1}, reverse=True) for row in _run(settings, threads)]


def _run(settings: Settings, threads: int) -> list[Row]:
    work = f"{WORK}, {threads} thread{'s' if threads > 1 else ''}"
    with Workers() as workers:
        workers.start("benchmarks.mlp:contestants", threads=threads)
        for engine in ("keras", "jax", "torch"):
            workers.start(f"benchmarks.peers.{engine}_models:mlp", threads=threads)
        comparison = compare_timers(workers.timers, settings.rounds, settings.min_time, MLP_STEPS)
    return [*rows_of(work, comparison, [NNC], PEERS), *workers.missing_rows(work)]
