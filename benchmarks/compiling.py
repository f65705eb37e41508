"""What compiling costs: from a model to code that runs with an empty cache, a second start, and a call from Python."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.contestant import Contestant
from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.report import Row, seconds_text, time_row
from benchmarks.settings import Settings
from benchmarks.startup import commands_of, environment_of, save_base
from benchmarks.targets import CALL_SECONDS, COMPILE_SECONDS, SECOND_START_SECONDS
from benchmarks.worker import Entrant, Workers

COLD, START, CALL = (
    "compile, empty cache, on C",
    "second start, load and predict one row",
    "call of almost nothing, on C",
)
_FEW = 2
"""Rounds of what takes many seconds."""


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    if "c" not in settings.backends:
        return []
    with TemporaryDirectory() as folder:
        rows = [row for name in COMPILE_SECONDS for row in _cold(settings, name, Path(folder))]
        return [*rows, *_second_start(settings, Path(folder)), *_call(settings)]


# ---------------------------------------------------------------------- compile


def compile_times(name: str) -> dict[str, float]:
    """Compile a network's first graph, and return the seconds of each part."""
    import nnc

    model = nnc_model(name, "c")
    graph = "train" if name == "base" else "predict"
    start = perf_counter()
    program = nnc.compile(model, backend="c")
    text = program.source(graph)
    printed = perf_counter()
    program.bound(graph, {"batch": NETWORKS[name].batch})
    end = perf_counter()
    parts = {"graph, plan and source": printed - start, "compiler and binding": end - printed}
    return {"all": end - start, **parts, "lines": float(text.count("\n"))}


def _cold(settings: Settings, name: str, folder: Path) -> list[Row]:
    title = "base network" if name == "base" else name
    rounds = min(settings.processes, 5 if name == "base" else _FEW)
    code = f"import json; from benchmarks.compiling import compile_times; print(json.dumps(compile_times({name!r})))"
    found: list[Mapping[str, float]] = [json.loads(run_cold(code, folder)) for _ in range(rounds)]
    samples = [times["all"] for times in found]
    rows = [_against_limit(COLD, title, samples, COMPILE_SECONDS[name])]
    for part in list(found[0])[1:-1]:
        rows.append(time_row(COLD, f"{title}: {part}", [times[part] for times in found]))
    return [*rows, Row(COLD, f"{title}: lines of C", f"{found[0]['lines']:,.0f}")]


def run_cold(code: str, folder: Path, *, is_warm: bool = False) -> str:
    """Run code in a process whose cache is empty, and return what it prints.

    Args:
        code: Python.
        folder: where the cache is, and bytecode.
        is_warm: whether the cache has what the process before left there, instead.
    """
    cache = folder / "cold"
    if not is_warm:
        shutil.rmtree(cache, ignore_errors=True)
    environment = environment_of(folder) | {"NNC_CACHE_DIR": str(cache)}
    return subprocess.run(
        commands_of({"": code})[""], env=environment, capture_output=True, text=True, check=True
    ).stdout


def _against_limit(work: str, contestant: str, samples: list[float], limit: float, suffix: str = "") -> Row:
    row, median = time_row(work, contestant, samples), statistics.median(samples)
    text = f"{row.median}{suffix}"
    return replace(row, median=text, wanted=f"≤ {seconds_text(limit)}", reached=median <= limit, target=text)


# ---------------------------------------------------------------------- start


def _second_start(settings: Settings, folder: Path) -> list[Row]:
    path = save_base(folder)
    codes = {
        backend: f"import nnc; nnc.load({str(path)!r}, backend={backend!r})([[0.5, -0.5]])"
        for backend in ("c", "numpy")
    }
    environment = environment_of(folder) | {"NNC_CACHE_DIR": str(folder / "warm")}
    wall = settings.processes_in_turn(commands_of(codes), environment).wall  # the uncounted round fills the cache
    more = [first - second for first, second in zip(wall.seconds["c"], wall.seconds["numpy"], strict=True)]
    return [
        *(time_row(START, f"nnc, {name}", wall.seconds[name]) for name in codes),
        _against_limit(START, "on C, more than on NumPy", more, SECOND_START_SECONDS, " more"),
    ]


# ---------------------------------------------------------------------- call


CALLS = {
    "compiled function": ("function", CALL_SECONDS),
    "nnc program(x, copy=False)": ("whole", CALL_SECONDS),
    "nnc program([x, y], copy=False)": ("several", None),
}
"""What is called, and the seconds that it may take."""


def almost_nothing(kind: str) -> Contestant:
    """Return a contestant that calls a program which compares one number with 0, or one that adds up two."""
    import numpy

    import nnc

    array = numpy.ones((1, 1), "float32")
    if kind == "several":
        inputs = [nnc.Input((1,)) for _ in range(2)]
        program = nnc.compile(nnc.Model(inputs, nnc.layers.Add()(inputs)), backend="c")
        x: Any = [array, array.copy()]
    else:
        program = nnc.compile(nnc.Sequential([nnc.Input((1,)), nnc.layers.Activation("relu")]), backend="c")
        x = array
    bound = program.bound("predict", {"batch": 1}).run

    def call_function(count: int) -> None:
        for _ in range(count):
            bound()

    def call_program(count: int) -> None:
        for _ in range(count):
            program(x, copy=False)

    return Contestant(call_function if kind == "function" else call_program)


def _call(settings: Settings) -> list[Row]:
    with Workers() as workers:
        for name, (kind, _) in CALLS.items():
            workers.start(Entrant(name, "benchmarks.compiling:almost_nothing", {"kind": kind}), threads=1)
        comparison = settings.race(workers.timers, short=True)
    rows = []
    for name, samples in comparison.seconds.items():
        _, limit = CALLS[name]
        rows.append(time_row(CALL, name, samples) if limit is None else _against_limit(CALL, name, samples, limit))
    return [*rows, *workers.failed_rows(CALL)]
