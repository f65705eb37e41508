"""Prediction of one batch by a warm program: nnc against ONNX Runtime and Keras."""

from __future__ import annotations

from benchmarks import driving
from benchmarks.agreement import agreement_rows
from benchmarks.driving import COPY, WINDOW
from benchmarks.networks import base_data, mlp_data, nnc_base, nnc_mlp
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Workers

RUNS = ("ONNX Runtime, 1 thread", "ONNX Runtime, default threads")
BOUND = tuple(f"{name}, bound output" for name in RUNS)
KERAS, FUNCTION = "tf.keras predict", "tf.function of the Keras model"


def contestants(network: str, rows: int, backend: str) -> dict[str, Contestant]:
    """Return nnc's contestants."""
    model, (x, _) = (nnc_base(backend), base_data()) if network == "base" else (nnc_mlp(backend), mlp_data())
    return driving.predicting(model.program, x[:rows].copy(), backend)


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    return [
        *_run(settings, "base", 1, Goal(at_most=1.5), Goal(at_least=1000)),
        *_run(settings, "mlp", 1),
        *_run(settings, "mlp", 128),
    ]


def _run(settings: Settings, network: str, rows: int, onnx: Goal | None = None, keras: Goal | None = None) -> list[Row]:
    work = f"{'base network' if network == 'base' else 'MLP'}, predict {rows} row{'s' if rows > 1 else ''}"
    arguments = {"network": network, "rows": rows}
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.latency:contestants", {**arguments, "backend": backend})
        for threads in (1, 0):
            workers.start("benchmarks.peers.onnx_models:latency", {**arguments, "threads": threads})
        near = dict(workers.timers)
        workers.start("benchmarks.peers.keras_models:latency", arguments)
        agreed = agreement_rows(work, workers, COPY[settings.backends[-1]])
        timers = workers.timers
        close = settings.race({name: timers[name] for name in near if name in timers}, short=True)
        ours = [names[backend] for names in (COPY, WINDOW) for backend in settings.backends]
        far = settings.race({name: timer for name, timer in timers.items() if name in ours or name not in near})
    found: list[Row] = []
    if "numpy" in settings.backends:
        copy, window = COPY["numpy"], WINDOW["numpy"]
        best = close.fastest([name for name in RUNS if name in close.seconds] or [copy])
        versus = [Versus(name, onnx if name == best else None, subject) for subject in (copy, window) for name in RUNS]
        versus += [Versus(name, None, window) for name in BOUND]
        found += rows_of(work, close, [copy, window], versus)
        found += rows_of(work, far, [copy], [Versus(KERAS, keras), Versus(FUNCTION)])[1:]
    if "c" in settings.backends:
        subjects = [COPY["c"], WINDOW["c"]]
        found += target_rows(work, work, close, subjects, RUNS, [*BOUND, *([COPY["numpy"]] if found else [])])
        found += rows_of(f"{work}, on C", far, subjects[:1], [Versus(KERAS), Versus(FUNCTION)])[1:]
    return [*found, *agreed, *workers.missing_rows(work)]
