"""Programs on arrays: forms of inputs and results, element types, windows instead of copies, looking inside."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import GraphError
from nnc.ir import ops
from nnc.layers import Concatenate, Dense, Input, Layer
from tests.program.samples import X, Y, network


def test_call_and_predict_agree():
    program = network().program
    expected = program.predict(X)
    assert (expected.shape, expected.dtype) == ((50, 1), "float32")
    for found in (program(X), program(X.copy()), program(X, copy=False)):
        numpy.testing.assert_array_equal(found, expected)
    for rows in (1, 7, 50, 3):
        numpy.testing.assert_allclose(program(X[:rows]), expected[:rows], rtol=1e-6)
        numpy.testing.assert_allclose(program.predict(X, batch_size=rows), expected, rtol=1e-6)


FORMS = {
    "list": lambda: X.tolist(),
    "tuple": lambda: tuple(map(tuple, X.tolist())),
    "list of an array": lambda: [X],
    "dictionary": lambda: {"x": X},
    "float64": lambda: X.astype("float64"),
    "float16": lambda: X.astype("float16"),
    "other byte order": lambda: X.astype(">f4"),
    "Fortran order": lambda: numpy.asfortranarray(X),
    "strided": lambda: numpy.repeat(X, 2, axis=0)[::2],
    "reversed": lambda: X[::-1].copy()[::-1],
    "read-only": lambda: numpy.frombuffer(X.tobytes(), "float32").reshape(X.shape),
    "subclass": lambda: X.view(numpy.matrix),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_forms_of_an_input(form):
    program = network().program
    expected = program(X)
    for _ in range(2):  # the second call takes the short way
        found = program(FORMS[form]())
        assert type(found) is numpy.ndarray
        numpy.testing.assert_allclose(found, expected, rtol=5e-3 if form == "float16" else 1e-6)
    numpy.testing.assert_allclose(program.predict(FORMS[form]()), expected, rtol=5e-3 if form == "float16" else 1e-6)


def test_whole_numbers_and_truth_values():
    program = network().program
    whole = numpy.arange(6).reshape(2, 3)
    expected = program(whole.astype("float32"))
    for dtype in ("int64", "uint8", "int16", "float64"):
        numpy.testing.assert_array_equal(program(whole.astype(dtype)), expected)
    numpy.testing.assert_array_equal(program(whole > 2), program((whole > 2).astype("float32")))


def test_numbers_too_large_become_infinite_without_a_warning():
    program = network().program
    program.variables["hidden/kernel"][...] = 1.0
    for _ in range(2):
        assert numpy.isfinite(program(numpy.full((2, 3), 1e300))).all()  # tanh of infinity is 1
    assert numpy.isnan(program(numpy.full((2, 3), numpy.nan))).all()


def test_copies_and_windows():
    program = network().program
    copied, again = program(X), program(X)
    assert not numpy.shares_memory(copied, again)
    window = program(X, copy=False)
    before = window.copy()
    assert numpy.shares_memory(window, program(X * 2, copy=False))
    assert (window != before).any()
    assert (copied == again).all()


def test_results_stay_when_weights_change():
    model = network()
    before = model.program(X)
    kept = before.copy()
    model.fit(X, Y, epochs=3, verbose=0)
    numpy.testing.assert_array_equal(before, kept)
    assert (model.program(X) != kept).all()


def test_several_inputs_and_outputs():
    a, b = nnc.Input((3,), name="a"), nnc.Input((1,), name="b", dtype="int32")
    model = nnc.Model([a, b], [Dense(2, name="p")(a), Concatenate(name="q")([a, a])])
    program, counts = model.program, numpy.arange(50)[:, None]
    for inputs in ((X, counts), ([X, counts],), ({"b": counts, "a": X},)):
        for copy in (True, False):
            p, q = program(*inputs, copy=copy)
            assert (p.shape, q.shape) == ((50, 2), (50, 6))
            numpy.testing.assert_array_equal(q, numpy.concatenate([X, X], -1))
    with pytest.raises(nnc.errors.DataError, match="number of rows: a has 50, b has 49"):
        program(X, counts[1:])


def test_the_largest_lengths_so_far_need_not_go_together():
    class Between(Layer):
        def call(self, inputs):
            x, before, behind = inputs
            return ops.take(x, 1, before.shape[1], 70 - behind.shape[1])

    inputs = [Input((70,)), Input((None,)), Input((None,))]
    program = nnc.compile(nnc.Model(inputs, Between()(inputs)))
    x = numpy.arange(140, dtype="float32").reshape(2, 70)
    for before, behind in ((60, 1), (1, 60), (60, 1), (3, 3)):
        found = program.predict([x, numpy.zeros((2, before), "float32"), numpy.zeros((2, behind), "float32")])
        numpy.testing.assert_array_equal(found, x[:, before : 70 - behind])


def test_only_first_calls_with_a_shape_look_for_what_is_bound(monkeypatch):
    a, b = nnc.Input((3,), name="a"), nnc.Input((None, 1), name="b")
    program = nnc.Model([a, b], [Dense(2, name="p")(a), Dense(1, name="q")(b)]).program
    first, inside = [], program._calls.first
    monkeypatch.setattr(program._calls, "first", lambda inputs, copy: first.append(inputs) or inside(inputs, copy))
    calls = [(X[:rows], numpy.full((rows, length, 1), rows, "float32")) for rows in (5, 1) for length in (3, 2)]
    expected = [program(*inputs) for inputs in calls]
    assert len(first) == 4
    for dtype in ("float32", "float64"):
        for copy in (True, False):
            for inputs, results in zip(calls, expected, strict=True):
                arrays = [x.astype(dtype) for x in inputs]
                for given in (arrays, [arrays], [tuple(arrays)]):
                    for found, result in zip(program(*given, copy=copy), results, strict=True):
                        numpy.testing.assert_array_equal(found, result)
    assert len(first) == 4
    with pytest.raises(nnc.errors.DataError, match=r"input 'b' must have shape \(rows, time, 1\), got \(5, 3, 2\)"):
        program(X[:5], numpy.zeros((5, 3, 2)))
    for given in (X[:5], [X[:5]], []):
        with pytest.raises(nnc.errors.DataError, match="expected 2 inputs"):
            program(given)


@pytest.mark.parametrize("count", [1, 2])
def test_whole_numbers_are_checked_in_every_call(count):
    inputs = [nnc.Input((1,), dtype="int32") for _ in range(count)]
    program = nnc.Model(inputs, Concatenate()([*inputs, inputs[0]])).program
    kept, large = numpy.array([[7]]), numpy.array([[2**32 + 7]])
    for _ in range(2):
        assert (program(*[kept] * count) == 7).all()
        assert (program(*[kept.astype("int16")] * count) == 7).all()
        with pytest.raises(nnc.errors.DataError, match=r"must hold whole numbers .* \(int32\), row 0"):
            program(*[kept] * (count - 1), large)


def test_an_identity_gives_no_window_on_the_users_array():
    x = nnc.Input((3,))
    program, mine = nnc.Model(x, x).program, X.copy()
    for copy in (True, False):
        found = program(mine, copy=copy)
        numpy.testing.assert_array_equal(found, X)
        assert not numpy.shares_memory(found, mine)


def test_training_step_by_step():
    program, other = network().program, network()
    for start in range(0, 50, 10):
        loss = program.train_step(X[start : start + 10], Y[start : start + 10])
        expected = other.train_on_batch(X[start : start + 10], Y[start : start + 10])
        assert loss == pytest.approx(expected[0])
    numpy.testing.assert_array_equal(program.states["parameters"], other.program.states["parameters"])
    assert program.train_step(X, Y, sample_weight=numpy.zeros(50)) == 0.0
    assert program.train_step(x=X.tolist(), y=Y.tolist()) > 0.0


@pytest.mark.numpy_backend
def test_looking_inside():
    program = network().program
    assert program.graph_names == ("predict", "evaluate", "evaluate_weighted", "train", "train_weighted")
    graph = program.graph("train")
    assert graph is program.graph("train")
    assert graph.nx.number_of_nodes() == len(graph.nodes)
    assert program.source("train").startswith("def train():\n")
    plan = program.plan("train", batch=32)
    assert plan.lower_bound <= plan.peak_bytes <= plan.unshared_bytes
    assert program.plan("train", batch=32, reuse=False).peak_bytes >= plan.peak_bytes
    assert list(program.variables) == ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"]
    assert program.variables["hidden/kernel"].shape == (3, 8)
    assert repr(program) == (
        "<Program 'net': predict, evaluate, evaluate_weighted, train, train_weighted; 41 parameters, NumPy backend>"
    )


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (
            network,
            "trai",
            "unknown name); it has predict, evaluate, evaluate_weighted, train, train_weighted. Did you mean 'train'?",
        ),
        (
            lambda: nnc.Sequential([Dense(1, input_dim=3)], name="net"),
            "train",
            "the model was not compiled with a loss); it has predict.",
        ),
    ],
)
def test_graphs_that_are_not_there(make, name, reason):
    with pytest.raises(GraphError) as error:
        make().program.graph(name)
    assert str(error.value) == f"program 'net' has no graph '{name}' ({reason}"


def test_no_metrics_before_anything_was_measured():
    program = network().program
    assert numpy.isnan(list(program.metric_values().values())).all()
    program.evaluate(X, Y)
    assert program.metric_values() == program.evaluate(X, Y)
    program.reset_metrics()
    assert numpy.isnan(program.metric_values()["loss"])
