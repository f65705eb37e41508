"""What there is beside ``fit`` on the 2-2-1 sigmoid network: nnc with less around its steps, and loops by hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

import numpy

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.report import Goal, Row
from benchmarks.settings import Settings
from benchmarks.worker import Entrant

WORK = "base network, training step"
TOGETHER = 20
"""Epochs of a call where nothing happens between steps."""


def fitting(network: str) -> tuple[Entrant, ...]:
    """Return nnc's entrants that train a network with `fit`."""
    return tuple(
        Entrant(name, "benchmarks.contestant:fit", {"network": network, "backend": backend}, backend=backend)
        for backend, name in (("numpy", "nnc fit"), ("c", "nnc fit, C"))
    )


OURS = (
    *fitting("base"),
    Entrant("nnc, an epoch per call, C", "benchmarks.base_network:epoch_calls", backend="c"),
    Entrant("nnc, the steps alone, C", "benchmarks.base_network:steps_alone", backend="c"),
)
BY_HAND = (
    Entrant(
        "NumPy by hand, the same calls", "benchmarks.peers.by_hand:same_calls", backend="numpy", goal=Goal(at_most=1.15)
    ),
    Entrant("NumPy by hand, fewest calls", "benchmarks.peers.by_hand:fewest_calls", backend="numpy"),
    Entrant("C by hand", "benchmarks.peers.base_network:by_hand", backend="c"),
)


def epoch_calls() -> Contestant:
    """Return `fit` on C without its bookkeeping: a call for each epoch."""
    from nnc.program.batches import Batches

    (x, y), network, program = NETWORKS["base"].data(), NETWORKS["base"], nnc_model("base", "c").program
    batches = Batches(program.executor, "train", {"x": x, "y": y}, network.batch)
    (stretch,) = batches.stretches

    def run(epochs: int, shuffle: bool = True) -> Sequence[float]:
        losses = []
        for _ in range(epochs):
            program.reset_metrics()
            batches.begin_epoch(program.shuffler if shuffle else None)
            stretch.run(0, network.steps)
            losses.append(program.metric_values()["loss"])
        return losses

    return Contestant(run, lambda: run(CHECKED_EPOCHS, shuffle=False))


def steps_alone() -> Contestant:
    """Return the steps of many epochs on C in one call, the rows always in the same order, and nothing read."""
    (x, y), network, program = NETWORKS["base"].data(), NETWORKS["base"], nnc_model("base", "c").program
    order = numpy.tile(numpy.arange(len(x), dtype=numpy.int64), TOGETHER)
    feed = program.bound("train", {"batch": network.batch}).feed
    steps = feed and feed({"x": x, "y": y}, order)
    assert steps is not None

    def run(epochs: int) -> None:
        for _ in range(epochs // TOGETHER):
            steps(0, TOGETHER * network.steps)
        if epochs % TOGETHER:
            steps(0, epochs % TOGETHER * network.steps)

    return Contestant(run)


def kernel_call_rows(settings: Settings) -> list[Row]:
    """Return a row with the kernel calls of a step, where nnc runs on NumPy."""
    from benchmarks.peers.by_hand import FewestCalls, SameCalls

    if "numpy" not in settings.backends:
        return []
    texts = {
        "nnc": nnc_model("base").program.source("train"),
        "by hand": inspect.getsource(SameCalls().step),
        "fewest": inspect.getsource(FewestCalls().step),
    }
    counts = {name: len(re.findall(r"^ +[\w.]+(\(|\[\.\.\.\])", text, re.MULTILINE)) for name, text in texts.items()}
    return [Row(WORK, "kernel calls of a step", " · ".join(f"{name} {count}" for name, count in counts.items()))]
