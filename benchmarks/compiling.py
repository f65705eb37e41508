"""What compiling costs: from a model to code that runs with an empty cache, a second start, and a call from Python."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.networks import BASE_BATCH, base_data, nnc_base
from benchmarks.report import Row, seconds_text
from benchmarks.settings import Settings
from benchmarks.startup import commands_of, environment_of
from benchmarks.targets import CALL_SECONDS, COMPILE_SECONDS, SECOND_START_SECONDS
from benchmarks.timing import Ratio
from benchmarks.worker import Run, Workers

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
    from benchmarks.image_networks import network
    from nnc.backends.c.toolchain import build

    model: Any = nnc_base("c") if name == "base network" else network(nnc, name)
    graph = "train" if name == "base network" else "predict"
    start = perf_counter()
    program = nnc.compile(model, backend="c")
    text = program.source(graph)
    printed = perf_counter()
    build(text)
    built = perf_counter()
    program.bound(graph, {"batch": BASE_BATCH if graph == "train" else 1})
    end = perf_counter()
    parts = {
        "graph, plan and source": printed - start,
        "the compiler": built - printed,
        "memory and binding": end - built,
    }
    return {"all": end - start, **parts, "lines": float(text.count("\n"))}


def _cold(settings: Settings, name: str, folder: Path) -> list[Row]:
    rounds = min(settings.processes, 5 if name == "base network" else _FEW)
    code = f"import json; from benchmarks.compiling import compile_times; print(json.dumps(compile_times({name!r})))"
    environment = environment_of(folder) | {"NNC_CACHE_DIR": str(folder / "cold")}
    found: list[Mapping[str, float]] = []
    for _ in range(rounds):
        shutil.rmtree(folder / "cold", ignore_errors=True)
        found.append(json.loads(_said(commands_of({"": code})[""], environment)))
    samples = [times["all"] for times in found]
    limit, median = COMPILE_SECONDS[name], statistics.median(samples)
    rows = [_against_limit(COLD, name, samples, median, limit, seconds_text(median))]
    for part in list(found[0])[1:-1]:
        part_samples = [times[part] for times in found]
        text = seconds_text(statistics.median(part_samples))
        rows.append(Row(COLD, f"{name}: {part}", text, samples=part_samples))
    return [*rows, Row(COLD, f"{name}: lines of C", f"{found[0]['lines']:,.0f}")]


def _said(command: list[str], environment: Mapping[str, str]) -> str:
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True).stdout


def _against_limit(work: str, contestant: str, samples: list[float], value: float, limit: float, text: str) -> Row:
    quartiles = Ratio.of(samples, [1.0] * len(samples))
    between = f"{seconds_text(quartiles.low)}–{seconds_text(quartiles.high)}"
    wanted = f"≤ {seconds_text(limit)}"
    return Row(work, contestant, text, "", between, wanted, value <= limit, samples, target=text)


# ---------------------------------------------------------------------- start


def _second_start(settings: Settings, folder: Path) -> list[Row]:
    (x, y), model = base_data(), nnc_base()
    model.fit(x, y, batch_size=BASE_BATCH, epochs=1, verbose=0)
    path = folder / "base.nnc"
    model.program.save(path)
    codes = {
        backend: f"import nnc; nnc.load({str(path)!r}, backend={backend!r})([[0.5, -0.5]])"
        for backend in ("c", "numpy")
    }
    environment = environment_of(folder) | {"NNC_CACHE_DIR": str(folder / "warm")}
    wall = settings.processes_in_turn(commands_of(codes), environment).wall  # the uncounted round fills the cache
    more = [first - second for first, second in zip(wall.seconds["c"], wall.seconds["numpy"], strict=True)]
    median = statistics.median(more)
    text = f"{seconds_text(max(median, 0.0))} more"
    return [
        *(Row(START, f"nnc, {name}", seconds_text(wall.median(name)), samples=wall.seconds[name]) for name in codes),
        _against_limit(START, "on C, more than on NumPy", more, median, SECOND_START_SECONDS, text),
    ]


# ---------------------------------------------------------------------- call


FUNCTION, WHOLE = "compiled function", "nnc program(x, copy=False)"


def almost_nothing() -> dict[str, Run]:
    """Return contestants that call a program which compares one number with 0, and one that adds up two."""
    import numpy

    import nnc

    inputs = [nnc.Input((1,)) for _ in range(2)]
    one = nnc.compile(nnc.Sequential([nnc.Input((1,)), nnc.layers.Activation("relu")]), backend="c")
    two = nnc.compile(nnc.Model(inputs, nnc.layers.Add()(inputs)), backend="c")
    array = numpy.ones((1, 1), "float32")
    arrays = [array, array.copy()]
    bound = one.bound("predict", {"batch": 1}).run

    def function(count: int) -> None:
        for _ in range(count):
            bound()

    def whole(count: int) -> None:
        for _ in range(count):
            one(array, copy=False)

    def several(count: int) -> None:
        for _ in range(count):
            two(arrays, copy=False)

    return {FUNCTION: function, WHOLE: whole, "nnc program([x, y], copy=False)": several}


def _call(settings: Settings) -> list[Row]:
    with Workers() as workers:
        workers.start("benchmarks.compiling:almost_nothing")
        comparison = settings.race(workers.timers, short=True)
    rows = []
    for name, samples in comparison.seconds.items():
        median = comparison.median(name)
        if name in (FUNCTION, WHOLE):
            rows.append(_against_limit(CALL, name, samples, median, CALL_SECONDS, seconds_text(median)))
        else:
            rows.append(Row(CALL, name, seconds_text(median), samples=samples))
    return rows
