"""Profiles of real steps: what ran is what was planned, and the program stays as it was."""

from __future__ import annotations

from types import SimpleNamespace

import numpy
import pytest

import nnc
from nnc.errors import DataError, GraphError, ModelError
from nnc.ir.cost import flops_by_layer
from nnc.profiling import measure_machine, profile
from nnc.profiling.instrumentation import counting
from nnc.program.random_data import draw_inputs, draw_targets, looked_up

BACKENDS = ["numpy", "c"]
SECONDS = 0.02


@pytest.fixture(autouse=True)
def _quick_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNC_C_LEVEL", "1")


def network(**options: object) -> nnc.Program:
    layers = nnc.layers
    model = nnc.Sequential(
        [nnc.Input((6,), dtype="int32"), layers.Embedding(11, 4), layers.LSTM(5), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return nnc.compile(model, **options)


@pytest.mark.parametrize(("graph", "backend"), [("train", "numpy"), ("predict", "numpy"), ("predict", "c")])
@pytest.mark.sampled(1)
def test_costs_are_those_of_the_graph(backend, graph):
    program = network(backend=backend)
    found = profile(program, graph=graph, batch=4, seconds=SECONDS)
    expected: dict[str, int] = {}
    for (path, _), flops in flops_by_layer(program.graph(graph), 4).items():
        expected[path] = expected.get(path, 0) + flops
    by_layer: dict[str, float] = {}
    for step in found.steps:
        by_layer[step.layer] = by_layer.get(step.layer, 0.0) + step.flops
    if backend == "numpy":  # a loop nest in C may have steps of several layers
        for path in ("embedding", "lstm", "dense"):
            constant = expected[path] - by_layer[path]  # what the plan knows beforehand is not computed in a run
            assert 0 <= constant <= 8, path
    assert found.whole.flops == pytest.approx(sum(expected.values()), abs=16)
    assert (found.graph, found.batch, found.backend, found.model) == (graph, 4, backend, "sequential")
    assert found.engine == program.backend.engine
    assert found.runs >= 1
    assert found.seconds > 0
    assert all(step.seconds >= 0 for step in found.steps)
    assert any(step.backward for step in found.steps) == (graph == "train")
    assert {step.depth for step in found.steps} == {0, 1}
    assert {step.visits for step in found.steps if step.depth} == {6.0}
    assert (found.whole.calls > 20) == (backend == "numpy")


def test_a_large_batch_is_profiled_as_it_is_planned(monkeypatch):
    monkeypatch.setattr("nnc.execution.microbatches.near_bytes", lambda: 1)
    found = profile(network(backend="numpy"), graph="predict", batch=40, seconds=SECONDS)
    assert {step.visits for step in found.steps} == {1.0, 6.0}  # and six for each part, if it ran in parts


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_program_stays_as_it_was(backend):
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(2, "relu"), nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    program = nnc.compile(model, backend=backend)
    program.graph("train")
    before = {label: array.copy() for label, array in program.states.items()}
    order = program.order_state
    found = profile(program, batch=4, seconds=SECONDS)
    assert found.backend == backend
    assert {"dense", "dense_1"} <= {layer for part in found.layers for layer in part.name.split(" + ")}
    assert program.order_state == order
    assert {label: array.tobytes() for label, array in program.states.items()} == {
        label: array.tobytes() for label, array in before.items()
    }


def test_given_data_is_what_runs():
    program = network()
    x, y = numpy.full((10, 6), 7, "int32"), numpy.zeros((10, 1), "int32")
    assert profile(program, x, y, batch=4, seconds=SECONDS).batch == 4
    assert profile(program, x[:3], y[:3], batch=4, seconds=SECONDS).batch == 3
    with pytest.raises(DataError, match="index 12 is out of range for a table of 11 rows"):
        profile(program, x + 5, y, batch=4, seconds=SECONDS)
    with pytest.raises(DataError, match="give x as well"):
        profile(program, None, y, batch=4, seconds=SECONDS)


def test_graphs_that_are_not_there():
    plain = nnc.compile(nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)]))
    assert profile(plain, seconds=SECONDS).graph == "predict"
    with pytest.raises(GraphError, match="not compiled with a loss"):
        profile(plain, graph="train")
    with pytest.raises(DataError, match=r"^profile: graph must be 'train' or 'predict', got 'evaluate'$"):
        profile(network(), graph="evaluate")


@pytest.mark.numpy_backend
def test_where_c_cannot_run_it_numpy_is_profiled(monkeypatch):
    from nnc.backends import choice
    from nnc.backends.c import backend
    from nnc.errors import CompilerError

    def fail(*_: object, **__: object) -> None:
        raise CompilerError("broken")

    monkeypatch.setattr(backend, "build", fail)
    monkeypatch.setattr(backend, "_failures", {})
    monkeypatch.setattr(choice, "UNIT_SECONDS", -1e9)
    program = network()
    program.use_backend("auto")
    assert profile(program, batch=2, seconds=SECONDS).backend == "numpy"
    program.use_backend("c")
    with pytest.raises(CompilerError, match="broken"):
        profile(program, batch=2, seconds=SECONDS)


def test_other_backends_cannot_be_profiled():
    with pytest.raises(ModelError, match=r"^the Fortran backend cannot be profiled, because it counts nothing; choose"):
        counting(SimpleNamespace(title="Fortran"))


def test_whole_numbers_are_rows_of_the_table():
    program = network()
    assert looked_up(program) == {"x": 11}
    (x,) = draw_inputs(program, 200)
    assert (x.dtype, x.shape, int(x.min()), int(x.max())) == (numpy.dtype("int32"), (200, 6), 0, 10)
    (y,) = draw_targets(program, [x])
    assert set(numpy.unique(y)) == {0, 1, 2}
    again = draw_inputs(program, 200)[0]
    assert again.tobytes() == x.tobytes() != draw_inputs(program, 200, seed=1)[0].tobytes()


def test_the_machine_is_measured_once():
    machine = measure_machine("float32")
    assert machine is measure_machine("float32")
    assert machine.product_rate > machine.call_seconds > 0
    assert machine.balance == machine.product_rate / machine.bandwidth
