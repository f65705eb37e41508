"""Prediction of one batch by a warm program: nnc against ONNX Runtime and Keras."""

from __future__ import annotations

from benchmarks.networks import base_data, mlp_data, nnc_base, nnc_mlp
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import compare_timers
from benchmarks.worker import Run, Workers

COPY, WINDOW = "nnc program(x)", "nnc program(x, copy=False)"
RUNS = ("ONNX Runtime, 1 thread", "ONNX Runtime, default threads")
BOUND = tuple(f"{name}, bound output" for name in RUNS)
KERAS, FUNCTION = "tf.keras predict", "tf.function of the Keras model"


def contestants(network: str, rows: int) -> dict[str, Run]:
    """Return nnc's contestants."""
    model, (x, _) = (nnc_base(), base_data()) if network == "base" else (nnc_mlp(), mlp_data())
    program, x = model.program, x[:rows].copy()

    def copied(count: int) -> None:
        for _ in range(count):
            program(x)

    def in_place(count: int) -> None:
        for _ in range(count):
            program(x, copy=False)

    return {COPY: copied, WINDOW: in_place}


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
        workers.start("benchmarks.latency:contestants", arguments)
        for threads in (1, 0):
            workers.start("benchmarks.peers.onnx_models:latency", {**arguments, "threads": threads})
        close = compare_timers(workers.timers, settings.short_rounds, settings.short_time)
        workers.start("benchmarks.peers.keras_models:latency", arguments)
        timers = {name: timer for name, timer in workers.timers.items() if name == COPY or name not in close.seconds}
        far = compare_timers(timers, settings.rounds, settings.min_time)
    best = close.fastest([name for name in RUNS if name in close.seconds] or [COPY])
    near = [Versus(name, onnx if name == best else None, subject) for subject in (COPY, WINDOW) for name in RUNS]
    near += [Versus(name, None, WINDOW) for name in BOUND]
    return [
        *rows_of(work, close, [COPY, WINDOW], near),
        *rows_of(work, far, [COPY], [Versus(KERAS, keras), Versus(FUNCTION)])[1:],
        *workers.missing_rows(work),
    ]
