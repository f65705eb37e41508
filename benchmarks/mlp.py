"""A training step of the 784-512-256-10 network with Adam, batch 128: nnc's ``fit`` against its peers."""

from __future__ import annotations

import os

from benchmarks.agreement import agreement_rows
from benchmarks.driving import FIT, fitting
from benchmarks.networks import MLP_BATCH, MLP_STEPS, mlp_data, nnc_mlp
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Workers

WORK = "MLP, training step"
PEERS = (
    Versus("tf.keras fit", Goal(at_least=1.8)),
    Versus("tf.keras fit, an epoch per execution"),
    Versus("JAX, jitted step, batches ready", Goal(at_most=1.4)),
    Versus("JAX, jitted step, gathers rows"),
    Versus("PyTorch, eager, fused Adam"),
)


def contestants(backend: str) -> dict[str, Contestant]:
    """Return nnc's contestant."""
    return {FIT[backend]: fitting(nnc_mlp(backend), mlp_data(), MLP_BATCH)}


def run(settings: Settings) -> list[Row]:
    """Measure with all processors and, where there are several, with one; return the rows."""
    processors = len(os.sched_getaffinity(0))
    return [row for threads in sorted({processors, 1}, reverse=True) for row in _run(settings, threads)]


def _run(settings: Settings, threads: int) -> list[Row]:
    work = f"{WORK}, {threads} thread{'s' if threads > 1 else ''}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.mlp:contestants", {"backend": backend}, threads)
        for engine in ("keras", "jax", "torch"):
            workers.start(f"benchmarks.peers.{engine}_models:mlp", threads=threads)
        agreed = agreement_rows(work, workers, FIT[settings.backends[-1]])
        comparison = settings.race(workers.timers, MLP_STEPS)
    rows = rows_of(work, comparison, [FIT["numpy"]], PEERS) if "numpy" in settings.backends else []
    if "c" in settings.backends:
        others = [FIT["numpy"]] if rows else []
        rows += target_rows(WORK, work, comparison, [FIT["c"]], [versus.peer for versus in PEERS], others)
    return [*rows, *agreed, *workers.missing_rows(work)]
