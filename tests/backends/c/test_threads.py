"""Parallel loops: the same bits for any number of threads, and one thread in a forked child."""

from __future__ import annotations

import os
import signal
import time

import numpy
import pytest

import nnc
from nnc import ops
from nnc.backends.c.source import kernel_workspace, print_source
from nnc.backends.c.threads import SPIN_COUNT, THREADS, short_waits
from nnc.ir import Graph, TensorType, symbol
from nnc.plan import make_plan


@pytest.fixture
def threads():
    before = int(THREADS[0])
    yield lambda count: THREADS.__setitem__(0, count)
    THREADS[0] = before


def make_model():
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential(
        [
            nnc.Input((300,)),
            nnc.layers.Dense(600, activation="gelu"),
            nnc.layers.LayerNormalization(),
            nnc.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.program.use_backend("c")
    return model


def batch():
    generator = numpy.random.default_rng(0)
    return generator.normal(size=(600, 300)).astype("float32"), generator.integers(0, 10, 600)


def test_the_number_of_threads_changes_no_bit(threads):
    states = []
    for count in (1, 2, 3):
        threads(count)
        program = make_model().program
        assert "#pragma omp parallel for" in program.source("train")
        for _ in range(3):
            program.train_step(*batch())
        states.append({label: array.tobytes() for label, array in program.states.items()})
    assert states[0] == states[1] == states[2]


def test_convolutions_depend_on_no_number_of_threads(threads):
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential(
        [
            nnc.Input((24, 24, 3)),
            nnc.layers.Conv2D(40, 3, padding="same", activation="relu"),
            nnc.layers.DepthwiseConv2D(3, padding="same"),
            nnc.layers.Conv2D(70, 1, activation="relu"),
            nnc.layers.Conv2D(20, 3, strides=2),
            nnc.layers.GlobalAveragePooling2D(),
            nnc.layers.Dense(10),
        ]
    )
    model.compile("sgd", "mse")
    model.program.use_backend("c")
    start = model.get_weights()
    x, y = numpy.random.default_rng(0).random((16, 24, 24, 3), "float32"), numpy.ones((16, 10), "float32")
    assert "#pragma omp parallel for if (shared)" in model.program.source("train")
    found = []
    for count in (1, 2, 3):
        threads(count)
        model.set_weights(start)
        model.program.train_step(x, y)
        found.append([array.tobytes() for array in (model.predict(x), *model.get_weights())])
    assert found[0] == found[1] == found[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_goes_on_with_one_thread(threads):
    threads(2)
    model, (x, y) = make_model(), batch()
    model.program.train_step(x, y)
    expected = model.predict(x)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            same = numpy.array_equal(model.predict(x), expected)
            model.program.train_step(x, y)
            status = 0 if same and THREADS[0] == 1 else 2
        finally:
            os._exit(status)
    assert exit_code_of(child) == 0
    assert THREADS[0] == 2


def exit_code_of(child: int, seconds: float = 60) -> int | None:
    """Return a child's exit code; None, and it is killed, where it waits for threads that it does not have."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def test_small_models_have_no_parallel_loops():
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(2, activation="sigmoid"), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.program.use_backend("c")
    assert "omp parallel" not in model.program.source("train")


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_how_threads_wait_is_the_users_choice(name, monkeypatch):
    monkeypatch.setenv(name, "active")
    with short_waits():
        assert os.environ[name] == "active"
        assert os.environ.get("GOMP_SPINCOUNT", "active") == "active"
    assert os.environ[name] == "active"


def test_threads_wait_briefly_by_default(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    with short_waits():
        assert os.environ[SPIN_COUNT[0]] == SPIN_COUNT[1]
    assert SPIN_COUNT[0] not in os.environ


def test_a_loop_too_small_to_be_divided_is_vectorised_all_the_same():
    """Of ``parallel for simd``, a bare ``if`` would be about ``simd`` as well."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 600)))
    graph.output("y", ops.tanh(x * 2.0))
    text = print_source(make_plan(graph, {"batch": 4}, workspace=kernel_workspace, in_nests=True)).text
    assert "#pragma omp parallel for simd if (parallel: 600 * batch >= 262144)" in text
