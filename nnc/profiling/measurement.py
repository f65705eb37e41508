"""Runs a program's steps with clocks in them, on copies of its states, and collects what these show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from nnc.backends import Backend
from nnc.backends.marks import EMPTY, OUTSIDE, TimedBlock
from nnc.backends.numpy import kernel_settings
from nnc.errors import DataError
from nnc.ir import nominal_sizes
from nnc.labels import ROWS
from nnc.profiling.costs import block_costs, block_layer, block_name, block_ops, block_runs
from nnc.profiling.instrumentation import Counted, Sample, counting
from nnc.profiling.machine_limits import Machine, measure_machine
from nnc.profiling.part import Step
from nnc.profiling.profile import Profile
from nnc.program import PREDICT, PROLOGUE, TRAIN, Program
from nnc.program.batches import Batches, whole_epochs
from nnc.program.data import input_arrays
from nnc.program.direct_calls import DirectCalls
from nnc.program.preparation import prepare
from nnc.program.random_data import draw_inputs, draw_targets

Array = Any
Runs = Callable[[], int]
"""Runs the graph some times and returns how often."""
_DRAWN_BATCHES = 16
_WARM_UPS, _WARM_UP_SECONDS = 3, 0.1
_LEAST_SAMPLES = 3
_SAMPLE_SECONDS = 0.002
"""Seconds of a sample if a run is short: less than the turn of another process on a busy machine."""


def profile(
    program: Program,
    x: Any = None,
    y: Any = None,
    *,
    graph: str | None = None,
    batch: int = 32,
    seconds: float = 1.0,
    seed: int = 0,
) -> Profile:
    """Run real training steps, or predictions, and return where their time goes.

    The program itself is left as it is: what runs are its graphs on copies of its states, first as they are, then
    with a clock before each block of the emitted source.

    Args:
        program: what to run, on its own backend.
        x: input array or arrays; random ones by default, of whole numbers where these are looked up in a table.
        y: target array or arrays, to train on; random ones that the loss accepts by default.
        graph: ``train`` or ``predict``; by default ``train`` where the program can train.
        batch: rows of a batch.
        seconds: how long to run, roughly.
        seed: seed of random arrays.

    Raises:
        DataError: the arrays do not fit the program, or there are other graphs' names than these.
        GraphError: the program cannot train.
        ModelError: its backend is another than NumPy's and C's.
    """
    program.check_single("profile")
    name = graph or (TRAIN if program.spec.trains else PREDICT)
    if name not in (TRAIN, PREDICT):
        raise DataError(f"profile: graph must be {TRAIN!r} or {PREDICT!r}, got {graph!r}")
    batch = nominal_sizes(program.graph(name), batch).get(ROWS, batch)  # layers may have states for fewer rows
    arrays = _arrays(program, name, x, y, batch, seed)
    rows = min(batch, len(next(iter(arrays.values()))))
    plain = copy_program(program, program.engine(name))
    run = _runs(plain, name, arrays, rows)
    each = _time(run, seconds / 4)
    backend = counting(plain.backend)  # where C cannot run the graph, the copy has turned to NumPy
    marked = copy_program(program, backend)
    counted_run = _runs(marked, name, arrays, rows)
    counted = backend.counted[name]
    sample, sampled = _fastest(counted_run, counted, seconds / 2)
    each = min(each, _time(run, seconds / 4))
    dtype = next((spec.dtype for spec in program.spec.outputs if spec.dtype.startswith("float")), "float32")
    machine = measure_machine(dtype)
    sizes = marked.sizes(name, arrays) | {ROWS: rows}
    tick = counted.seconds_per_tick() / sample.runs
    times = [ticks * tick for ticks in sample.net_ticks()]
    visits = [count / sample.runs for count in sample.visits]
    return Profile(
        model=program.name,
        graph=name,
        batch=rows,
        backend=plain.backend.name,
        engine=plain.backend.engine,
        runs=sample.runs,
        seconds=each,
        sampled_seconds=sampled,
        outside=times[OUTSIDE],
        steps=_steps(counted.blocks, sizes, times[EMPTY + 1 :], visits[EMPTY + 1 :], machine),
        machine=machine,
    )


def copy_program(program: Program, backend: Backend) -> Program:
    """Return a program with the same graphs, and with copies of the states.

    Args:
        program: the program.
        backend: what runs the copy.
    """
    names = (*program.graph_names, PROLOGUE)
    states = {label: array.copy() for label, array in program.states.items()}
    copy = Program(program.spec, {name: partial(program.graph, name) for name in names}, states)
    copy.backend = backend
    return copy


def _arrays(program: Program, name: str, x: Any, y: Any, batch: int, seed: int) -> dict[str, Array]:
    """Return arrays by input label; whole batches where there are as many rows."""
    if x is None:
        if y is not None:
            raise DataError("profile: targets are given without inputs: give x as well")
        x = draw_inputs(program, batch * (_DRAWN_BATCHES if name == TRAIN else 1), seed)
        y = draw_targets(program, x, seed) if name == TRAIN else None
        y = y or None
    if name == TRAIN:
        arrays = prepare(program.executor, x, y)
    else:
        labels = [spec.label for spec in program.spec.inputs]
        arrays = dict(zip(labels, input_arrays(program.spec, x), strict=True))
    rows = len(next(iter(arrays.values())))
    kept = rows - rows % batch or rows
    return {label: array[:kept] for label, array in arrays.items()}


def _runs(program: Program, name: str, arrays: Mapping[str, Array], rows: int) -> Runs:
    """Return what runs a graph some times, which it has done before."""
    if name == TRAIN:
        run = _training_runs(program, arrays, rows)
    else:
        inputs = tuple(array[:rows] for array in arrays.values())
        calls = DirectCalls(program.executor)
        program.executor.cuts_batches = False  # what is measured is the plan of the whole batch

        def run() -> int:
            if program.spec.edge is None:
                program(*inputs, copy=False)
            else:  # whose texts are numbers by now
                calls.of_arrays(inputs, copy=False)
            return 1

    begin = perf_counter()
    with kernel_settings():
        for _ in range(_WARM_UPS):
            run()
            if perf_counter() - begin > _WARM_UP_SECONDS:
                break
    return run


def _training_runs(program: Program, arrays: Mapping[str, Array], rows: int) -> Runs:
    """Return what runs training steps as `fit` does: about as many in one go as make a sample."""
    batches = Batches(program.executor, TRAIN, arrays, rows)
    whole = whole_epochs(batches, shuffle=True)

    def train_epochs(count: int) -> int:
        assert whole is not None
        return batches.count * len(next(iter(whole.run(count).values())))

    def train(count: int) -> int:
        done = 0
        for _ in range(count):
            batches.begin_epoch(program.shuffler)
            done += batches.run()
        return done

    run = train if whole is None else train_epochs
    with kernel_settings():
        run(1)
        start = perf_counter()
        run(1)
        part = _SAMPLE_SECONDS / (perf_counter() - start)
    if part < 1:  # the next epoch goes on where this one ends
        steps = next(size for size in range(max(1, int(batches.count * part)), 0, -1) if batches.count % size == 0)
        batches.limit, run = steps, train
    return partial(run, max(1, int(part / 2)))


def _time(run: Runs, seconds: float) -> float:
    """Return the seconds of a run, the shortest of some samples."""
    shortest, begin = float("inf"), perf_counter()
    with kernel_settings():
        while perf_counter() - begin < seconds or shortest == float("inf"):
            shortest = min(shortest, _one_sample(run))
    return shortest


def _one_sample(run: Runs) -> float:
    """Run as often as makes a sample, and return the seconds of a run."""
    start, count = perf_counter(), 0
    while not count or perf_counter() - start < _SAMPLE_SECONDS:
        count += run()
    return (perf_counter() - start) / count


def _fastest(run: Runs, counted: Counted, seconds: float) -> tuple[Sample, float]:
    """Run for a while; return the sum of the fastest quarter of the samples, and the seconds of a run in these.

    On a machine that has other work to do, the rest of them tells of that.
    """
    samples: list[tuple[float, Sample]] = []
    begin = perf_counter()
    with kernel_settings():
        while perf_counter() - begin < seconds or len(samples) < _LEAST_SAMPLES:
            counted.counters.reset()
            samples.append((_one_sample(run), counted.sample()))
    samples.sort(key=lambda item: item[0])
    kept = samples[: -(-len(samples) // 4)]
    total = kept[0][1]
    for _, sample in kept[1:]:
        total += sample
    return total, kept[0][0]


def _steps(
    blocks: Sequence[TimedBlock],
    sizes: Mapping[str, int],
    seconds: Sequence[float],
    visits: Sequence[float],
    machine: Machine,
) -> tuple[Step, ...]:
    """Return the steps; seconds and visits are those of a run, by block."""
    outer = next((block.plan for block in blocks if not block.path), None)
    found = []
    for block, each, times in zip(blocks, seconds, visits, strict=True):
        assert outer is not None
        layer, is_backward = block_layer(outer, block)
        flops, traffic = block_costs(block, sizes)
        repeated = block_runs(outer, block, sizes)  # it may be visited more often, for each of several parts
        calls = block.calls * times
        found.append(
            Step(
                name=block_name(block),
                seconds=each,
                backward=each if is_backward else 0.0,
                calls=calls,
                call_seconds=min(each, calls * machine.call_seconds),
                flops=flops * repeated,
                traffic=traffic * repeated,
                line=block.title,
                layer=layer,
                ops=block_ops(block),
                depth=len(block.path),
                visits=times,
            )
        )
    return tuple(found)
