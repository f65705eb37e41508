"""Memory: nothing is allocated per step, plans say what is allocated, and it stays the same however often one calls."""

from __future__ import annotations

import gc
import threading
import tracemalloc

import numpy
import pytest

import nnc
from nnc.backends.numpy import kernel_settings
from nnc.layers import Dense, Dropout
from nnc.program.batches import Batches
from tests.program.samples import X, Y, network, output

NUMPY_DOMAIN = numpy.lib.tracemalloc_domain
BUFFER = 2_000
"""Bytes that NumPy needs for a moment to walk over operands of different shapes."""


def allocated(run, warm: int = 3) -> int:
    """Return the bytes that are allocated at most at one time while `run` runs; no array stays."""
    for _ in range(warm):
        run()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        peak = tracemalloc.get_traced_memory()[1] - before
        snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, NUMPY_DOMAIN)])
        assert sum(trace.size for trace in snapshot.traces) == 0
    finally:
        tracemalloc.stop()
        gc.enable()
    return peak


def mlp(*, dropout: bool = False) -> nnc.Sequential:
    layers = [Dense(512, "relu", input_dim=784), Dropout(0.2), Dense(256, "relu"), Dense(10, "softmax")]
    model = nnc.Sequential([layer for layer in layers if dropout or not isinstance(layer, Dropout)])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_files_are_written_and_read_without_copies_of_all_weights(tmp_path):
    """A file of another engine's takes as much more as its weights: their peak is what a small machine must have."""
    model = nnc.Sequential([nnc.Input((2500,)), Dense(2500)])  # large pages begin behind up to 2 MiB of no memory
    path, size = tmp_path / "wide.nnc", 4 * 2500 * 2501
    assert size < allocated(lambda: model.program.save(path)) < 2.3 * size
    tracemalloc.start()
    try:
        program = nnc.load(path)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < kept and peak < 1.3 * size
    numpy.testing.assert_array_equal(program.get_weights()[0], model.get_weights()[0])


def test_a_prediction_without_a_copy_allocates_no_array():
    program = network().program
    x = numpy.tile(X, (1000, 1))
    assert program(x).nbytes == 200_000
    assert allocated(lambda: program(x)) > 200_000  # this is how it looks when something is allocated
    assert allocated(lambda: program(x, copy=False)) < BUFFER
    double = x.astype("float64")
    assert allocated(lambda: program(double, copy=False)) < BUFFER


@pytest.mark.slow
def test_a_prediction_of_several_arrays_allocates_no_array():
    a, b = nnc.Input((3,)), nnc.Input((1,))
    program = nnc.Model([a, b], [Dense(1)(a), Dense(1, "tanh")(b)]).program
    x, y = numpy.ones((50_000, 3), "float32"), numpy.ones((50_000, 1))
    assert allocated(lambda: program(x, y)) > 400_000
    assert allocated(lambda: program(x, y, copy=False)) < BUFFER


@pytest.mark.sampled(1)
@pytest.mark.parametrize("weights", [None, numpy.arange(100_000) % 3])
def test_an_epoch_allocates_no_array(weights):
    model = network()
    x, y = numpy.tile(X, (2000, 1)), numpy.tile(Y, (2000, 1))
    arrays = {"x": x, "y": y} | ({} if weights is None else {"sample_weight": weights.astype("float32")})
    for name in ("train", "evaluate"):
        batches = Batches(model.program.executor, name, arrays, 48_000)
        assert [len(window) for window, *_ in batches.steps] == [48_000, 48_000, 4_000]

        def epoch(batches=batches):
            batches.shuffle(model.program.shuffler)
            model.program.reset_metrics()
            batches.run()

        with kernel_settings():
            assert allocated(epoch) < BUFFER


def test_a_step_of_a_large_model_allocates_no_array():
    model = mlp(dropout=True)
    x, y = numpy.ones((256, 784), "float32"), numpy.zeros(256, "int32")
    batches = Batches(model.program.executor, "train", {"x": x, "y": y}, 128)
    with kernel_settings():
        assert allocated(batches.run, warm=1) < BUFFER


def test_the_plan_of_a_large_model_is_what_is_allocated_and_near_the_bound():
    program = mlp().program
    plan, source, code = program.plans.compiled(program.backend, "train", {"batch": 128})
    assert plan.lower_bound <= plan.peak_bytes <= 1.1 * plan.lower_bound
    assert plan.peak_bytes == program.plan("train", batch=128).peak_bytes
    gc.collect()
    tracemalloc.start()
    try:
        executable = program.backend.executable(plan, source, code, program.states)
        executable.bind({"batch": 128})
        snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, NUMPY_DOMAIN)])
    finally:
        tracemalloc.stop()
    large = [trace.size for trace in snapshot.traces if trace.size > 4096]
    assert large == [plan.peak_bytes]
    assert sum(trace.size for trace in snapshot.traces) - plan.peak_bytes < 4096


def test_one_compilation_per_graph_whatever_the_batch():
    model = network()
    program = model.program
    for rows in (1, 50, 7, 2, 49, 3):
        program(X[:rows]), program.predict(X, batch_size=rows)
    assert program.compilations == 2  # the prediction and its prologue
    for rows in (3, 50, 1, 20):
        model.train_on_batch(X[:rows], Y[:rows])
        model.fit(X, Y, batch_size=rows, verbose=0)
    assert program.compilations == 3
    for rows in (5, 50, 1):
        model.evaluate(X, Y, batch_size=rows)
    assert program.compilations == 4
    model.fit(X, Y, sample_weight=numpy.ones(50), verbose=0)
    assert program.compilations == 5


FLAT = """
import nnc, resource
program = nnc.load(sys.argv[1])
calls = int(sys.argv[2])
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
def use(count):
    for number in range(count):
        rows = number % 50 + 1
        program(X[:rows]), program(X[:rows], copy=False)
        if number % 10 == 0:
            program.train_step(X[:rows], Y[:rows]), program.predict(X, batch_size=rows)
use(300)
before = resident()
use(calls)
print(resident() - before)
"""


@pytest.mark.unsanitized
@pytest.mark.parametrize("calls", [5000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_memory_is_flat(tmp_path, calls):
    network().save(tmp_path / "net.nnc")
    assert int(output(FLAT, tmp_path / "net.nnc", calls)) < 2**20


MANY = """
import nnc, gc
program = nnc.load(sys.argv[1])
x = numpy.zeros((4000, 3), "float32")
program(x)
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
sizes = []
for start in range(0, 4000, 1000):
    for rows in range(start + 1, start + 1001):
        program(x[:rows])
    sizes.append(resident())
print(sizes[-1] - sizes[0])
"""


@pytest.mark.unsanitized
@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_batch_sizes(tmp_path):
    network().save(tmp_path / "net.nnc")
    assert int(output(MANY, tmp_path / "net.nnc")) < 2**22


@pytest.mark.slow
def test_arenas_of_threads_end_with_them():
    program = mlp().program
    x = numpy.ones((512, 784), "float32")
    program(x)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5):
            thread = threading.Thread(target=lambda: program(x[:100]))
            thread.start()
            thread.join()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 2**18
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_the_benchmark_measures_steps_as_fit_runs_them():
    memory = pytest.importorskip("benchmarks.memory")
    model = nnc.Sequential([nnc.Input((40,)), nnc.layers.Dense(40, activation="relu"), nnc.layers.Dense(10)])
    model.compile("sgd", "mse")
    bound = model.program.bound("train", {"batch": 32})
    grown, peak, _ = memory._growth(memory.as_in_fit(bound.run), 5)
    assert grown == 0
    assert peak < 4_096
    assert numpy.getbufsize() > 64  # nothing of the settings stays behind
