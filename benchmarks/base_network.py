"""A training step of the 2-2-1 sigmoid network, one thread each: nnc's ``fit`` against a loop by hand and its peers."""

from __future__ import annotations

import inspect
import re

import numpy

from benchmarks.agreement import agreement_rows
from benchmarks.driving import FIT, fitting
from benchmarks.networks import BASE_BATCH, BASE_STEPS, base_data, nnc_base
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Run, Workers

EPOCHS = 20
"""Epochs of a call of `fit`, at least: Keras takes long to begin one."""
WORK = "base network, training step"
NNC = FIT["numpy"]
EPOCH_CALLS, STEPS_ALONE, BY_HAND_C = "nnc, an epoch per call, C", "nnc, the steps alone, C", "C by hand"
BY_HAND = "NumPy by hand, the same calls"
FEWEST = "NumPy by hand, fewest calls"
PEERS = (
    Versus(BY_HAND, Goal(at_most=1.15)),
    Versus(FEWEST),
    Versus("tf.keras fit", Goal(at_least=300)),
    Versus("tf.keras fit, an epoch per execution"),
    Versus("PyTorch, eager", Goal(at_least=10)),
    Versus("JAX, jitted step, own loop"),
    Versus("JAX, whole training in one call (lax)"),
)


def contestants(compares_numpy: bool) -> dict[str, Run | Contestant]:
    """Return the contestants that need NumPy only, for one process: they differ by little, so they share its noise."""
    from benchmarks.peers.by_hand import FewestCalls, SameCalls, Training

    loops = {BY_HAND: Training(SameCalls()).contestant, FEWEST: Training(FewestCalls()).contestant}
    return {NNC: fitting(nnc_base(), base_data(), BASE_BATCH), **loops} if compares_numpy else dict(loops)


def compiled() -> dict[str, Run | Contestant]:
    """Return the contestants on C: `fit`, the same without bookkeeping, and the steps of many epochs in one call."""
    from benchmarks.peers.base_network import Training
    from nnc.program.batches import Batches

    model, (x, y) = nnc_base("c"), base_data()
    program = nnc_base("c").program
    batches = Batches(program, "train", {"x": x, "y": y}, BASE_BATCH)
    (stretch,) = batches.stretches

    def epoch_calls(epochs: int) -> list[dict[str, float]]:
        history = []
        for _ in range(epochs):
            program.reset_metrics()
            batches.begin_epoch(program.shuffler)
            stretch.run(0, BASE_STEPS)
            history.append(program.metric_values())
        return history

    feed = program.bound("train", {"batch": BASE_BATCH}).feed
    steps = feed and feed({"x": x, "y": y}, numpy.tile(batches.order, EPOCHS))
    assert steps is not None

    def steps_alone(epochs: int) -> None:
        for _ in range(epochs // EPOCHS):
            steps(0, EPOCHS * BASE_STEPS)
        if epochs % EPOCHS:
            steps(0, epochs % EPOCHS * BASE_STEPS)

    return {
        FIT["c"]: fitting(model, (x, y), BASE_BATCH),
        EPOCH_CALLS: epoch_calls,
        STEPS_ALONE: steps_alone,
        BY_HAND_C: Training().contestant,
    }


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    numpy_too, c_too = ("numpy" in settings.backends), ("c" in settings.backends)
    with Workers() as workers:
        workers.start("benchmarks.base_network:contestants", {"compares_numpy": numpy_too}, threads=1)
        shared = list(workers.timers)
        if c_too:
            workers.start("benchmarks.base_network:compiled", threads=1)
        for engine in ("keras", "torch", "jax"):
            workers.start(f"benchmarks.peers.{engine}_models:base", threads=1)
        agreed = agreement_rows(WORK, workers, FIT[settings.backends[-1]])
        timers = workers.timers
        rows: list[Row] = []
        if numpy_too:
            close = settings.race({name: timers[name] for name in shared}, BASE_STEPS, EPOCHS, short=True)
            rows += rows_of(WORK, close, [NNC], PEERS)
        far = settings.race(
            {name: timer for name, timer in timers.items() if name == NNC or name not in shared}, BASE_STEPS, EPOCHS
        )
    if numpy_too:
        rows += rows_of(WORK, far, [NNC], PEERS)[1:]
        calls = " · ".join(f"{name} {count}" for name, count in kernel_calls().items())
        rows.append(Row(WORK, "kernel calls of a step", calls))
    if c_too:
        names = [versus.peer for versus in PEERS if versus.peer not in (BY_HAND, FEWEST)]
        others = [BY_HAND_C, *([NNC] if numpy_too else [])]
        rows += target_rows(WORK, WORK, far, [FIT["c"], EPOCH_CALLS, STEPS_ALONE], names, others)
    return [*rows, *agreed, *workers.missing_rows(WORK)]


def kernel_calls() -> dict[str, int]:
    """Return how many kernel calls the steps make."""
    from benchmarks.peers.by_hand import FewestCalls, SameCalls

    texts = {
        "nnc": nnc_base().program.source("train"),
        "by hand": inspect.getsource(SameCalls().step),
        "fewest": inspect.getsource(FewestCalls().step),
    }
    return {name: len(re.findall(r"^ +[\w.]+(\(|\[\.\.\.\])", text, re.MULTILINE)) for name, text in texts.items()}
