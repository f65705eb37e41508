"""What ``auto`` decides by: what C saves in a run, what compiling takes, and what the rule makes of both."""

from __future__ import annotations

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.compiling import run_cold
from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.report import Row, seconds_text, time_row
from benchmarks.settings import Settings
from benchmarks.worker import Entrant, Workers
from nnc.backends.choice import Cost, cost_of
from nnc.ir import nominal_sizes

WORKS = {
    ("base", "train"): 32,
    ("base", "predict"): 1,
    ("mlp", "train"): 128,
    ("mlp", "predict"): 1,
    ("cnn", "train"): 64,
    ("cnn", "predict"): 1,
    ("lstm", "train"): 32,
    ("lstm_alone", "predict"): 1,
    ("transformer", "train"): 32,
    ("mobilenet_v2", "predict"): 1,
    ("resnet50", "predict"): 1,
}
"""Rows of a batch by network and graph."""
_FEW = 2
"""Rounds of what takes many seconds."""


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    if not {"numpy", "c"} <= set(settings.backends):
        return []
    with TemporaryDirectory() as folder:
        return [
            row for (name, graph), rows in WORKS.items() for row in _measure(settings, name, graph, rows, Path(folder))
        ]


def compile_seconds(name: str, graph: str, rows: int) -> float:
    """Return the seconds from a graph to code that is bound to memory, in C."""
    import nnc

    program = nnc.compile(nnc_model(name, "c"), backend="c")
    sizes = nominal_sizes(program.graph(graph), rows)
    start = perf_counter()
    program.bound(graph, sizes)
    return perf_counter() - start


def _measure(settings: Settings, name: str, graph: str, rows: int, folder: Path) -> list[Row]:
    title = f"{name}, {graph}, {rows} row{'s' if rows > 1 else ''}"
    steps = NETWORKS[name].steps if graph == "train" else 1
    with Workers() as workers:
        for backend in ("numpy", "c"):
            given = {"network": name, "backend": backend, **({} if graph == "train" else {"rows": rows})}
            factory = "fit" if graph == "train" else "predict"
            workers.start(Entrant(backend, f"benchmarks.contestant:{factory}", given), learns=graph == "train")
        comparison = settings.race(workers.timers, steps, least=50 if name == "base" else 1)
    samples, warm = _compilations(settings, name, graph, rows, folder)
    cost = _cost(name, graph, rows)
    saved = [slow - fast for slow, fast in zip(comparison.seconds["numpy"], comparison.seconds["c"], strict=True)]
    median, compiling = statistics.median(saved), statistics.median(samples)
    found = time_row(title, "saved by C in a run", saved)
    rest = median - cost.ops * _saved_per_op()
    others = f"{rest / cost.flops * 1e12:.3g} ps for each of {cost.flops:,} FLOPs"
    if cost.patch_elements:
        by_patches = (rest - Cost(flops=cost.flops).saved_seconds) / cost.patch_elements
        others += f", or {by_patches * 1e12:.3g} ps for each of {cost.patch_elements:,} elements of patches"
    return [
        time_row(title, "on NumPy", comparison.seconds["numpy"]),
        time_row(title, "in C", comparison.seconds["c"]),
        found,
        Row(title, "the same by the rule", seconds_text(cost.saved_seconds)),
        Row(title, "if that were for operations alone", f"{seconds_text(median / cost.ops)} for each of {cost.ops:,}"),
        Row(title, "beside those of the rule", others),
        time_row(title, "compiling, empty cache", samples),
        Row(title, "the same by the rule", f"{seconds_text(cost.compile_seconds)}, {cost.products} large products"),
        time_row(title, "the same, compiled before", warm),
        Row(title, "runs that pay for compiling", _runs(compiling, median)),
        Row(title, "the same by the rule", _runs(cost.compile_seconds, cost.saved_seconds)),
        Row(title, "runs that pay for a start, compiled before", _runs(statistics.median(warm), median)),
        *workers.failed_rows(title),
    ]


def _saved_per_op() -> float:
    return Cost(ops=1).saved_seconds


def _cost(name: str, graph: str, rows: int) -> Cost:
    import nnc

    found = nnc.compile(nnc_model(name)).graph(graph)
    return cost_of(found, nominal_sizes(found, rows), rows)


def _runs(seconds: float, saved: float) -> str:
    """Return in how many runs so many seconds are saved."""
    return f"{seconds / saved:,.0f}" if saved > 0 else "never"


def _compilations(
    settings: Settings, name: str, graph: str, rows: int, folder: Path
) -> tuple[list[float], list[float]]:
    """Return the seconds of compiling with an empty cache, and of finding compiled code in it."""
    code = f"from benchmarks.choice import compile_seconds; print(compile_seconds({name!r}, {graph!r}, {rows}))"
    rounds = min(settings.processes, 5 if name == "base" else _FEW)
    cold = [float(run_cold(code, folder)) for _ in range(rounds)]
    return cold, [float(run_cold(code, folder, is_warm=True)) for _ in range(rounds)]
