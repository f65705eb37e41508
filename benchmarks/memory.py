"""Bytes: the planned peak against the lower bound and against what is really allocated, and growth over many calls.

Training steps are measured as `fit` runs them, under the kernels' settings: without, NumPy allocates buffers for a
moment.
"""

from __future__ import annotations

import gc
import resource
import tracemalloc
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy

from benchmarks.networks import nnc_model
from benchmarks.networks.dense import BASE_BATCH, MLP_BATCH, base_data, mlp_data
from benchmarks.report import Row, bytes_text
from benchmarks.settings import Settings
from nnc.backends.numpy import apply_kernel_settings

if TYPE_CHECKING:
    from nnc import Program

NUMPY_DOMAIN = 389047
"""The domain under which NumPy reports the memory of arrays (numpy.lib.tracemalloc_domain)."""


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows, which are about NumPy."""
    if "numpy" not in settings.backends:
        return []
    base, mlp = nnc_model("base").program, nnc_model("mlp").program
    rows = []
    for title, program, batch in (("base network", base, BASE_BATCH), ("MLP", mlp, MLP_BATCH)):
        for name in ("train", "predict"):
            rows += _plan_rows(f"{title}, memory of {name}, batch {batch}", program, name, batch)
    return [*rows, *_growth_rows(base, settings.calls), *_step_rows(mlp)]


def _plan_rows(work: str, program: Program, name: str, batch: int) -> list[Row]:
    plan = program.plan(name, batch)
    states = sum(array.nbytes for array in program.states.values())
    arena, others = _arrays_allocated(lambda: program.bound(name, {"batch": batch}))
    overhead = plan.peak_bytes / plan.lower_bound
    return [
        Row(work, "planned peak", bytes_text(plan.peak_bytes), samples=[plan.peak_bytes]),
        Row(
            work,
            "lower bound: the largest live set",
            bytes_text(plan.lower_bound),
            ratio=f"peak is {overhead:.4f}×",
            wanted="≤ 1.10×" if work.startswith("MLP") else "",
            reached=overhead <= 1.1 if work.startswith("MLP") else None,
            samples=[plan.lower_bound],
        ),
        Row(
            work,
            "without reuse",
            bytes_text(plan.unshared_bytes),
            ratio=f"peak is {plan.peak_bytes / plan.unshared_bytes:.2f}×",
            samples=[plan.unshared_bytes],
        ),
        Row(
            work,
            "arena really allocated",
            bytes_text(arena),
            ratio=f"peak is {plan.peak_bytes / arena:.4f}×",
            wanted="equal",
            reached=arena == plan.peak_bytes,
            samples=[arena],
        ),
        Row(work, "constants beside the arena", bytes_text(others), samples=[others]),
        Row(work, "states: parameters, optimizer, metrics", bytes_text(states), samples=[states]),
    ]


def _arrays_allocated(function: Callable[[], object]) -> tuple[int, int]:
    """Return the bytes of arrays that are alive after a call and were not before: the largest, and all others."""
    gc.collect()
    tracemalloc.start()
    kept = function()
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, NUMPY_DOMAIN)])
    tracemalloc.stop()
    del kept
    sizes = sorted(trace.size for trace in snapshot.traces)
    return sizes[-1], sum(sizes[:-1])


def _growth_rows(program: Program, calls: int) -> list[Row]:
    x, y = base_data()
    row = x[:1].copy()
    rows = []
    bound = program.bound("train", {"batch": BASE_BATCH})
    for label, array in (("x", x), ("y", y)):
        numpy.copyto(bound.inputs[label], array[:BASE_BATCH])
    for name, function in (
        ("program(x, copy=False)", lambda: program(row, copy=False)),
        ("program(x)", lambda: program(row)),
        ("training step", as_in_fit(bound.run)),
    ):
        grown, peak, resident = _growth(function, calls)
        work = f"base network, {calls:,} calls"
        rows.append(
            Row(
                work,
                name,
                f"{bytes_text(grown)} grown, resident {bytes_text(resident)}",
                ratio=f"peak {bytes_text(peak)}",
                wanted="0 B grown",
                reached=grown == 0,
                samples=[grown, peak, resident],
            )
        )
    return rows


def as_in_fit(run: Callable[[], object]) -> Callable[[], object]:
    """Return a step that is measured as `fit` runs it: many in a row under the kernels' settings, set once."""
    context = copy_context()
    context.run(apply_kernel_settings)
    return partial(context.run, run)


def _growth(function: Callable[[], Any], calls: int) -> tuple[int, int, int]:
    """Return by how much traced memory grew, the most it held in between, and by how much resident memory grew.

    What measuring itself allocates is taken off: that is what a function that does nothing seems to allocate.
    """
    nothing, found = _traced(lambda: None, calls), _traced(function, calls)
    return max(found[0] - nothing[0], 0), max(found[1] - nothing[1], 0), found[2]


def _traced(function: Callable[[], Any], calls: int) -> tuple[int, int, int]:
    repeats = repeat(None, calls)  # not a range: its numbers are allocated
    for _ in range(100):
        function()
    resident = _resident()
    gc.collect()
    tracemalloc.start()
    function()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in repeats:
        function()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before, peak - before, _resident() - resident


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _step_rows(program: Program) -> list[Row]:
    x, y = mlp_data()
    bound = program.bound("train", {"batch": MLP_BATCH})
    numpy.copyto(bound.inputs["x"], x[:MLP_BATCH])
    numpy.copyto(bound.inputs["y"], y[:MLP_BATCH])
    rows = []
    for name, function in (
        ("training step", as_in_fit(bound.run)),
        ("predict 128 rows, copy=False", lambda: program(x[:MLP_BATCH], copy=False)),
    ):
        grown, peak, _ = _growth(function, 50)
        rows.append(
            Row(
                "MLP, 50 calls",
                name,
                f"{bytes_text(grown)} grown",
                ratio=f"peak {bytes_text(peak)}",
                wanted="0 B grown",
                reached=grown == 0,
                samples=[grown, peak],
            )
        )
    return rows
