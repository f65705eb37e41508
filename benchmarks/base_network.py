"""A training step of the 2-2-1 sigmoid network, one thread each: nnc's ``fit`` against a loop by hand and its peers."""

from __future__ import annotations

import inspect
import re

from benchmarks.networks import BASE_BATCH, BASE_STEPS, base_data, nnc_base
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import compare_timers
from benchmarks.worker import Run, Workers

EPOCHS = 20
"""Epochs of a call of `fit`, at least: Keras takes long to begin one."""
WORK = "base network, training step"
NNC = "nnc fit"
BY_HAND = "NumPy by hand, the same calls"
PEERS = (
    Versus(BY_HAND, Goal(at_most=1.15)),
    Versus("NumPy by hand, fewest calls"),
    Versus("tf.keras fit", Goal(at_least=300)),
    Versus("tf.keras fit, an epoch per execution"),
    Versus("PyTorch, eager", Goal(at_least=10)),
    Versus("JAX, jitted step, own loop"),
    Versus("JAX, whole training in one call (lax)"),
)


def contestants() -> dict[str, Run]:
    """Return the contestants that need NumPy only, for one process: they differ by little, so they share its noise."""
    from benchmarks.peers.by_hand import FewestCalls, SameCalls, Training

    model, (x, y) = nnc_base(), base_data()
    return {
        NNC: lambda epochs: model.fit(x, y, batch_size=BASE_BATCH, epochs=epochs, verbose=0),
        BY_HAND: Training(SameCalls()).fit,
        "NumPy by hand, fewest calls": Training(FewestCalls()).fit,
    }


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    with Workers() as workers:
        workers.start("benchmarks.base_network:contestants", threads=1)
        close = compare_timers(workers.timers, settings.short_rounds, settings.short_time, BASE_STEPS, EPOCHS)
        for engine in ("keras", "torch", "jax"):
            workers.start(f"benchmarks.peers.{engine}_models:base", threads=1)
        timers = {name: timer for name, timer in workers.timers.items() if name == NNC or name not in close.seconds}
        far = compare_timers(timers, settings.rounds, settings.min_time, BASE_STEPS, EPOCHS)
    rows = [*rows_of(WORK, close, [NNC], PEERS), *rows_of(WORK, far, [NNC], PEERS)[1:]]
    calls = " · ".join(f"{name} {count}" for name, count in kernel_calls().items())
    return [*rows, Row(WORK, "kernel calls of a step", calls), *workers.missing_rows(WORK)]


def kernel_calls() -> dict[str, int]:
    """Return how many kernel calls the steps make."""
    from benchmarks.peers.by_hand import FewestCalls, SameCalls

    texts = {
        "nnc": nnc_base().program.source("train"),
        "by hand": inspect.getsource(SameCalls().step),
        "fewest": inspect.getsource(FewestCalls().step),
    }
    return {name: len(re.findall(r"^ +[\w.]+(\(|\[\.\.\.\])", text, re.MULTILINE)) for name, text in texts.items()}
