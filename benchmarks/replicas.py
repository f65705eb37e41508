"""Training many networks at once: nnc's replicas against networks one after another and against peers' ways."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy

from benchmarks.compiling import run_cold
from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.networks.dense import weights_of_replicas
from benchmarks.networks.replicas import WIDTHS
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import Comparison
from benchmarks.work import Work, measure
from benchmarks.worker import Entrant, Workers

FEW, MANY, DIGITS = 64, 1024, 32
"""Replicas of the base network, and of the network on digits."""
EPOCHS = 100
"""After so many the networks count as trained."""
_HERE = "benchmarks.replicas"
_REPLICAS = "nnc fit, replicas"
_COMPILE_ROUNDS = 5


def training(settings: Settings) -> list[Row]:
    """Measure with one thread, and return the rows; times are of a step of one replica."""
    works = (
        *(_work("base", count, "base network", _base(count), least=20) for count in (FEW, MANY)),
        _work("digits", DIGITS, "64-32-10 network", _digits()),
    )
    return [row for work in works for row in measure(settings, work, [1])]


def _work(network: str, replicas: int, title: str, others: Sequence[Entrant], least: int = 1) -> Work:
    name = f"{title}, {replicas:,} replicas"
    return Work(
        f"{name}, training step of each",
        name,
        tuple(_nnc(network, replicas, backend) for backend in ("numpy", "c")),
        tuple(entrant for entrant in others if entrant.engine),
        tuple(entrant for entrant in others if not entrant.engine),
        steps=NETWORKS[network].steps * replicas,
        epochs=EPOCHS,
        least=least,
    )


# ---------------------------------------------------------------------- who takes part


def _nnc(network: str, replicas: int, backend: str) -> Entrant:
    given = {"network": network, "replicas": replicas, "backend": backend}
    return Entrant(f"{_REPLICAS}{', C' if backend == 'c' else ''}", f"{_HERE}:together", given, backend=backend)


def _base(replicas: int) -> list[Entrant]:
    given = {"network": "base", "replicas": replicas}
    return [
        *_one_after_another("base", replicas),
        Entrant(
            "C by hand, one after another",
            "benchmarks.peers.base_network:replicas_by_hand",
            {"replicas": replicas},
            backend="c",
        ),
        *_peers("base", replicas),
        Entrant(
            "JAX, vmap of layers written out, epochs in one call",
            "benchmarks.peers.jax_replicas:fit",
            {**given, "written_out": True},
            "jax",
        ),
    ]


def _digits() -> list[Entrant]:
    return [*_one_after_another("digits", DIGITS, Goal(at_most=0.35)), *_peers("digits", DIGITS)]


def _one_after_another(network: str, replicas: int, goal: Goal | None = None) -> list[Entrant]:
    given = {"network": network, "replicas": replicas}
    return [
        Entrant(
            "nnc fit, replicas with lanes=1, C", f"{_HERE}:together", {**given, "backend": "c", "lanes": 1}, backend="c"
        ),
        Entrant("nnc fit, a call for each network, C", f"{_HERE}:apart", given, backend="c", goal=goal),
    ]


def _peers(network: str, replicas: int) -> list[Entrant]:
    given = {"network": network, "replicas": replicas}
    keras = {**given, "steps_per_execution": NETWORKS[network].steps}
    return [
        Entrant("JAX, vmap, epochs in one call", "benchmarks.peers.jax_replicas:fit", given, "jax"),
        Entrant("PyTorch, torch.func, fused optimizer", "benchmarks.peers.torch_replicas:fit", given, "torch"),
        Entrant(
            "Keras on TensorFlow, one model of all, an epoch per execution",
            "benchmarks.peers.keras_replicas:fit",
            keras,
            "keras-tf",
        ),
    ]


def together(network: str, replicas: int, backend: str, lanes: int | None = None) -> Contestant:
    """Return nnc's contestant that trains replicas with one call of `fit`."""
    import nnc

    model = nnc_model(network, backend)
    program = nnc.compile(model, replicas=replicas, seeds="model", lanes=lanes, backend=backend)
    program.set_weights(weights_of_replicas(WIDTHS[network], replicas))
    return _fitting(network, lambda **options: [program.fit(**options)])


def apart(network: str, replicas: int) -> Contestant:
    """Return nnc's contestant that trains networks one after another with a program of one, each from its beginning."""
    import nnc

    program = nnc.compile(nnc_model(network, "c"), backend="c")
    program.graph("train")  # so that the optimizer's states are there
    weights = weights_of_replicas(WIDTHS[network], replicas)
    first = {label: array.copy() for label, array in program.states.items()}

    def fit(**options: Any) -> list[Any]:
        found = []
        for replica in range(replicas):
            for label, array in first.items():
                program.states[label][...] = array
            program.set_weights([array[replica] for array in weights])
            found.append(program.fit(**options))
        return found

    return _fitting(network, fit)


def _fitting(network: str, fit: Any) -> Contestant:
    """Return a contestant of a function that takes the arguments of `fit` and returns histories."""
    (x, y), batch = NETWORKS[network].data(), NETWORKS[network].batch

    def numbers() -> Sequence[float]:
        histories = fit(x=x, y=y, batch_size=batch, epochs=CHECKED_EPOCHS, shuffle=False, verbose=0)
        losses = [numpy.reshape(history.history["loss"], (CHECKED_EPOCHS, -1)) for history in histories]
        found: Sequence[float] = numpy.concatenate(losses, 1).ravel().tolist()
        return found

    return Contestant(lambda epochs: fit(x=x, y=y, batch_size=batch, epochs=epochs, verbose=0), numbers)


# ---------------------------------------------------------------------- threads, and compiling


def two_threads(settings: Settings) -> list[Row]:
    """Measure two threads against one, and return the rows; times are of a step of one replica."""
    if "c" not in settings.backends:
        return []
    title = f"base network, {MANY:,} replicas, two threads, on C"
    if len(os.sched_getaffinity(0)) < 2:
        return [Row(title, "nnc", "takes two processors")]
    names = {threads: f"{_REPLICAS}, C, {threads} thread{'s' if threads > 1 else ''}" for threads in (1, 2)}
    with Workers() as workers:
        for threads, name in names.items():
            found = _nnc("base", MANY, "c")
            workers.start(Entrant(name, found.factory, found.arguments, backend="c"), threads, learns=True)
        comparison = settings.race(workers.timers, NETWORKS["base"].steps * MANY, least=20)
    rows = rows_of(title, comparison, [names[2]], [Versus(names[1], Goal(at_least=1.8))])
    return [*rows, *workers.failed_rows(title)]


def compiling(settings: Settings) -> list[Row]:
    """Measure compiling replicas against compiling one network, and return the rows."""
    if "c" not in settings.backends:
        return []
    names = {f"{MANY:,} replicas": MANY, "one network": None}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    with TemporaryDirectory() as folder:
        for turn in range(-1, min(settings.processes, _COMPILE_ROUNDS)):  # the first one fills caches of bytecode
            for name, replicas in list(names.items())[:: 1 if turn % 2 else -1]:
                found = run_cold(
                    f"from {_HERE} import compile_seconds; print(compile_seconds({replicas}))", Path(folder)
                )
                if turn >= 0:
                    seconds[name].append(float(found))
    several, one = names
    return rows_of(
        "base network, compile, empty cache, on C", Comparison(seconds), [several], [Versus(one, Goal(at_most=1.5))]
    )


def compile_seconds(replicas: int | None) -> float:
    """Return the seconds from the base network to a training step that is bound to memory, in C."""
    import nnc

    model = nnc_model("base", "c")
    start = perf_counter()
    program = nnc.compile(model, replicas=replicas, seeds=replicas and range(replicas), backend="c")
    program.bound("train", {"batch": NETWORKS["base"].batch})
    return perf_counter() - start
