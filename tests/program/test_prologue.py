"""What predictions derive from the states is derived once, and anew after every change of them."""

from __future__ import annotations

import os
import pickle
import threading
import zipfile

import numpy
import pytest

import nnc
from nnc.errors import ProgramFileError
from nnc.execution.prologue import Prologue, Version
from nnc.ir import ops
from nnc.layers import Dense, Layer
from tests.program.samples import X, Y, output
from tests.program.test_threads import in_threads


class Scaled(Layer):
    """A product, then a factor and a summand that weights alone decide, as in batch normalisation."""

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 1), "ones", name="kernel")
        self.deviation = self.add_weight((1,), "ones", name="deviation")
        self.mean = self.add_weight((1,), "zeros", trainable=False, name="mean")

    def call(self, x, training=False):
        product = x @ self.kernel
        if training:
            self.mean.assign(self.mean * 0.5 + ops.mean(product, 0) * 0.5)
        return (product - self.mean) / ops.sqrt(ops.square(self.deviation) + 0.5)


def network() -> nnc.Sequential:
    nnc.utils.set_random_seed(3)
    model = nnc.Sequential([Dense(8, "tanh", input_dim=3, name="hidden"), Scaled(name="scaled")], name="net")
    model.compile("sgd", "mse")
    return model


def expected(weights: list[numpy.ndarray], x: numpy.ndarray = X) -> numpy.ndarray:
    """The prediction as the layers define it, in float64."""
    dense, bias, kernel, deviation, mean = (weight.astype("float64") for weight in weights)
    hidden = numpy.tanh(x.astype("float64") @ dense + bias)
    return (hidden @ kernel - mean) / numpy.sqrt(deviation**2 + 0.5)


def check(model: nnc.Sequential) -> None:
    """Predict in each way; weights are read as copies, so that nobody knows of it."""
    reference, program = expected(model.get_weights()), model.program
    for found in (program(X), program.predict(X), model.predict(X, batch_size=7)):
        numpy.testing.assert_allclose(found, reference, rtol=2e-5, atol=2e-6)


def runs(model: nnc.Sequential) -> int:
    prologue = model.program.prologue
    assert prologue is not None
    return prologue.runs


def test_a_thousand_predictions_derive_once():
    model = network()
    for _ in range(500):
        model.program(X[:5])
        model.program.predict(X[:3])
    assert runs(model) == 1
    check(model)
    model.evaluate(X, Y, verbose=0)
    model.get_weights(), model.program.graph("train"), model.summary()
    check(model)
    assert runs(model) == 1


def test_predictions_read_a_scaled_kernel_and_one_bias():
    model = network()
    graph = model.program.graph()
    titles = [node.op.title for node in graph.nodes if not node.is_leaf]
    assert titles == ["unpack", "fusion.dense_tanh", "fusion.dense"]
    assert {label for label in graph.states if label.startswith("hoisted/")} == {
        "hoisted/scaled/kernel",
        "hoisted/scaled/bias",
    }
    assert model.program.derived_bytes == 4 * 8 + 4
    assert "predict_prologue" not in model.program.graph_names
    assert "hoisted/scaled/kernel" not in model.program.states
    assert not any(label.startswith("hoisted/") for label in model.program.graph("evaluate").states)


CHANGES = {
    "set_weights": lambda model: model.set_weights([weight + 0.25 for weight in model.get_weights()]),
    "a layer's set_weights": lambda model: model.layers[1].set_weights([w * 2 for w in model.layers[1].get_weights()]),
    "a layer's parameters": lambda model: setattr(model.layers[1], "parameters", numpy.arange(10) / 10),
    "assign": lambda model: model.layers[1].deviation.assign([3.0]),
    "assign what is not trained": lambda model: model.layers[1].mean.assign([3.0]),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "train_step": lambda model: model.program.train_step(X, Y),
    "weighted training": lambda model: model.program.train_step(X, Y, sample_weight=numpy.ones(50)),
    "fit": lambda model: model.fit(X, Y, epochs=1, verbose=0),
    "another model's training": lambda model: other_model(model).train_on_batch(X, Y),
    "another model's set_weights": lambda model: (
        other_model(model)
        .layers[1]
        .set_weights([numpy.ones((8, 1))] * 0 + [weight + 1 for weight in model.layers[1].get_weights()])
    ),
    "an array": lambda model: model.layers[1].kernel.array.fill(0.5),
    "an array that is not trained": lambda model: model.layers[1].mean.array.fill(0.5),
    "an array in place": lambda model: increase(model.layers[1].deviation),
    "numpy.asarray": lambda model: numpy.asarray(model.layers[1].deviation).fill(0.75),
    "a program's variables": lambda model: model.program.variables["scaled/deviation"].fill(0.75),
    "a program's states": lambda model: (model.program.states["parameters"].fill(0.5), model.program.changed()),
    "resume": lambda model: model.program.resume(model.program.checkpoint()),
}


def other_model(model: nnc.Sequential) -> nnc.Sequential:
    """Another model of the same layers."""
    other = nnc.Sequential([nnc.Input((3,)), *model.layers])
    other.compile("sgd", "mse")
    other.predict(X)
    return other


def increase(variable: nnc.layers.Variable) -> None:
    variable.array += 1.0


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_predictions_are_new(name):
    model = network()
    check(model)
    before = model.predict(X)
    CHANGES[name](model)
    check(model)
    assert runs(model) > 1
    assert name == "resume" or numpy.abs(model.predict(X) - before).max() > 1e-4


def test_an_array_that_somebody_keeps_may_change_at_any_time():
    model = network()
    check(model)
    kernel = model.layers[1].kernel.array
    for number in range(4):
        kernel[...] = number
        check(model)
        kernel[0, 0] = 7.0
        kernel[1, 0] = numpy.nan
        assert numpy.isnan(model.predict(X)).all()
    count = runs(model)
    for _ in range(10):
        model.predict(X)
    assert runs(model) == count == 9


def test_a_saved_program_derives_and_trains_on(tmp_path):
    model = network()
    check(model)
    model.program.save(tmp_path / "net.nnc")
    with zipfile.ZipFile(tmp_path / "net.nnc") as archive:
        assert "graphs/predict_prologue.txt" in archive.namelist()
        assert b"hoisted" not in archive.read("manifest.json")
    loaded = nnc.load(tmp_path / "net.nnc")
    numpy.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    for _ in range(3):
        assert loaded.train_step(X, Y) == model.program.train_step(X, Y)
        numpy.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    loaded.variables["scaled/deviation"][...] = 2.0
    model.layers[1].deviation.assign([2.0])
    numpy.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    again = pickle.loads(pickle.dumps(loaded))
    numpy.testing.assert_array_equal(again.predict(X), model.predict(X))
    code = "import nnc; program = nnc.load(sys.argv[1]); program.train_step(X, Y); print(program.predict(X).sum())"
    found = output(code, tmp_path / "net.nnc")
    fresh = nnc.load(tmp_path / "net.nnc")
    fresh.train_step(X, Y)
    assert found == str(fresh.predict(X).sum())


def test_files_whose_parts_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "net.nnc"
    network().program.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode("latin1") for name in archive.namelist()}

    def refused(match: str, **changed: tuple[str, str]) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in parts.items():
                stem = name.rpartition("/")[2].partition(".")[0]
                archive.writestr(name, text.replace(*changed.get(stem, ("", ""))).encode("latin1"))
        with pytest.raises(ProgramFileError, match=match):
            nnc.load(path).predict(X)

    refused("no prologue derives state '@hoisted/scaled/bias'", manifest=('"predict_prologue"', '"predict"'))
    refused("changes the states of role 'hoisted'", predict_prologue=("update @hoisted/scaled/bias", "# "))
    refused("of role 'hoisted' is in the file, or changes", predict=("@hoisted/scaled/bias", "@metrics/total"))
    refused("predict.txt", predict_prologue=("hoisted/scaled/bias", "hoisted/scaled/other"))


def test_threads_derive_once_and_see_what_was_set_before():
    model = network()
    program = model.program
    reference = expected(model.get_weights())
    for found in in_threads(lambda number: program.predict(X, batch_size=5 + number)):
        numpy.testing.assert_allclose(found, reference, rtol=2e-5, atol=2e-6)
    assert runs(model) == 1

    def change_and_predict(number: int) -> float:
        worst = 0.0
        for turn in range(20):
            with lock:
                model.layers[1].deviation.assign([1.0 + number + turn])
                found, weights = program(X), model.get_weights()
            worst = max(worst, float(numpy.abs(found - expected(weights)).max()))
        return worst

    lock = threading.Lock()
    assert max(in_threads(change_and_predict)) < 1e-5


def test_a_forked_child_derives_for_itself():
    model = network()
    check(model)
    prologue = model.program.prologue
    assert prologue is not None
    prologue._turn.acquire()  # as a thread would that the child does not have
    model.layers[1].deviation.assign([3.0])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = model.program(X)
            right = numpy.allclose(found, expected(model.get_weights()), rtol=2e-5, atol=2e-6)
            os.write(writer, b"1" if right else b"0")
        finally:
            os._exit(0)
    prologue._turn.release()
    os.close(writer)
    assert os.read(reader, 1) == b"1"
    os.waitpid(child, 0)
    check(model)


def test_a_prologue_that_fails_runs_again():
    version, calls = Version(), []

    def derive() -> None:
        calls.append(len(calls))
        if calls[-1] == 2:
            raise ZeroDivisionError

    prologue = Prologue([version], {}, derive)
    run = prologue.guard(lambda: calls.append("run"))
    run(), version.change()
    with pytest.raises(ZeroDivisionError):
        run()
    run(), run()
    assert calls == [0, "run", 2, 3, "run", "run"]
    assert prologue.runs == 2


def test_a_change_while_it_runs_counts_as_later():
    version = Version()
    prologue = Prologue([version], {}, lambda: version.change() if prologue.runs == 0 else None)
    run = prologue.guard(lambda: None)
    run(), run(), run()
    assert prologue.runs == 2
