"""The memory of a graph as it was planned, and as it really is when the graph runs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

import numpy

from nnc import aligned
from nnc.aligned import used_bytes
from nnc.backends.numpy import kernel_settings
from nnc.execution.footprint import Footprint
from nnc.profiling.measurement import copy_program
from nnc.program import PREDICT, Program
from nnc.program.data import input_arrays
from nnc.program.preparation import prepare
from nnc.program.random_data import draw_inputs, draw_targets

T = TypeVar("T")
_RUNS = 3


@dataclass(frozen=True)
class Measured:
    """Bytes that were really allocated.

    Args:
        arena: by the arenas.
        states: by the states of the program, without those that are derived.
        derived: by those.
        beside: by arrays that are bound once for the size: constants, vectors of ones, tables of indices, pointers.
        running: by a run, while it runs, whatever it frees again.
    """

    arena: int
    states: int
    derived: int
    beside: int
    running: int

    @property
    def total(self) -> int:
        """All of it: the peak."""
        return self.arena + self.states + self.derived + self.beside + self.running


@dataclass(frozen=True)
class Memory:
    """The memory of a graph.

    Args:
        predicted: what was planned.
        lower_bound: bytes alive in the fullest step; no arena can be smaller.
        unshared: bytes of an arena in which no two buffers share memory.
        measured: what was allocated; None where nothing was run.
    """

    predicted: Footprint
    lower_bound: int
    unshared: int
    measured: Measured | None = None

    def rows(self) -> list[tuple[str, str, str]]:
        """Return a row per part: what it is, bytes as planned and as measured."""
        planned, found = self.predicted, self.measured
        rows = [
            ("arena", planned.arena, None if found is None else found.arena),
            ("states", planned.states, None if found is None else found.states),
            ("derived states", planned.derived, None if found is None else found.derived),
            ("constants, and what is bound once", planned.constants, None if found is None else found.beside),
            ("while it runs", 0, None if found is None else found.running),
            ("peak", planned.total, None if found is None else found.total),
        ]
        return [
            (name, f"{bytes:,}", "" if measured is None else f"{measured:,}")
            for name, bytes, measured in rows
            if bytes or measured or name == "peak"
        ]


def memory_of(program: Program, graph: str, batch: int, run: bool = True, seed: int = 0) -> Memory:
    """Return the memory of a graph for batches of so many rows.

    Args:
        program: the program; it stays as it is.
        graph: name of the graph.
        batch: rows of a batch.
        run: whether to run the graph, on a copy of the states and random arrays, and measure.
        seed: seed of the arrays.
    """
    plan = program.plan(graph, batch)
    measured = measure(program, graph, batch, seed) if run else None
    return Memory(program.footprint(graph, batch), plan.lower_bound, plan.unshared_bytes, measured)


def measure(program: Program, graph: str, batch: int, seed: int = 0) -> Measured:
    """Run a graph on a copy of the states, and return the bytes that it took; arrays are random."""
    copy = copy_program(program, program.engine(graph))
    inputs = draw_inputs(copy, batch, seed)
    labels = [spec.label for spec in program.spec.inputs]
    arrays = dict(zip(labels, input_arrays(program.spec, inputs), strict=True))
    if graph != PREDICT:
        targets = draw_targets(copy, inputs, seed)
        arrays = prepare(copy.executor, inputs if len(inputs) > 1 else inputs[0], targets or None)
    sizes = copy.sizes(graph, arrays)
    _in_thread(lambda: copy.bound(graph, sizes))  # compiles it, and what that takes is not asked for
    return _in_thread(lambda: _run(copy, graph, arrays, sizes))


def _in_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread of its own, which has its own arenas and leaves none behind."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def _run(program: Program, graph: str, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Measured:
    with _traced(), kernel_settings():
        bound = program.bound(graph, sizes)
        for label, array in bound.inputs.items():
            numpy.copyto(array, arrays[label])
        bound.run()
        kept = _kept_arrays()
        running = min(_peak(bound.run) for _ in range(_RUNS)) - min(_peak(_nothing) for _ in range(_RUNS))
    arenas = [size for size, file in kept if file == aligned.__file__]
    return Measured(
        arena=sum(map(used_bytes, arenas)),
        states=sum(array.nbytes for array in program.states.values()),
        derived=program.derived_bytes if graph == PREDICT else 0,
        beside=sum(size for size, _ in kept) - sum(arenas),
        running=max(running, 0),
    )


@contextmanager
def _traced() -> Iterator[None]:
    """Trace what is allocated inside the block."""
    is_first = not tracemalloc.is_tracing()
    if is_first:
        tracemalloc.start()
    try:
        yield
    finally:
        if is_first:
            tracemalloc.stop()


def _kept_arrays() -> list[tuple[int, str]]:
    """Return size and origin of the arrays' memory that was allocated since tracing began and is alive."""
    arrays = tracemalloc.DomainFilter(True, numpy.lib.tracemalloc_domain)
    traces = tracemalloc.take_snapshot().filter_traces([arrays]).traces
    return [(trace.size, trace.traceback[0].filename) for trace in traces]


def _peak(function: Callable[[], None]) -> int:
    """Return the bytes that a call allocates at once, whatever it frees again."""
    for _ in repeat(None, 2):
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        function()
        _, peak = tracemalloc.get_traced_memory()
    return peak - before


def _nothing() -> None:
    pass
