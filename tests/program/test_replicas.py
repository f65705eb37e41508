"""Replicas: each is the network that is trained alone, to rounding in lanes and to the bit one after another."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.errors import DataError, ModelError
from nnc.export.c import export
from nnc.models import clone_model
from nnc.passes import Simplify
from nnc.passes.replicate import obstacle_to_lanes
from tests.program.replica_networks import (
    BACKENDS,
    COUNT,
    IN_LANES,
    ONE_AFTER_ANOTHER,
    ROWS,
    YES,
    X,
    chain,
    compiled,
)

OPTIMIZERS = ("adam", "adamw", "rmsprop", "lion", "sgd")
"""By the number of the network; what is normalized is trained by one that makes nothing large of gradients near 0."""


@pytest.fixture(autouse=True)
def seeded():
    nnc.utils.set_random_seed(3)


def trained_beside_alone(case, optimizer, backend, lanes):
    """Train replicas, and one of them alone, and return both histories and programs."""
    make, loss, x, y = case
    model = make()
    model.compile(optimizer, loss, metrics=["mae" if loss != "sparse_categorical_crossentropy" else "accuracy"])
    program = nnc.compile(model, backend=backend, replicas=COUNT, seeds=range(COUNT))
    assert program.spec.replication.lanes == lanes, program.spec.replication
    alone = program[5]
    together, single = (
        item.fit(x, y, batch_size=16, epochs=6, validation_split=0.25, verbose=0) for item in (program, alone)
    )
    return program, alone, together.history, single.history, x


@BACKENDS
@pytest.mark.parametrize("name", IN_LANES)
@pytest.mark.sampled(1, each="name")
def test_in_lanes_each_replica_is_the_network_trained_alone(name, backend):
    optimizer = OPTIMIZERS[list(IN_LANES).index(name) % len(OPTIMIZERS)]
    program, alone, together, single, x = trained_beside_alone(IN_LANES[name], optimizer, backend, 16)
    assert set(together) == set(single)
    for key, numbers in single.items():
        found = numpy.array(together[key])
        assert found.shape == (6, COUNT)
        numpy.testing.assert_allclose(found[:, 5], numbers, rtol=2e-5, atol=1e-6, err_msg=key)
        assert len(set(found[-1].tolist())) > 1 or "accuracy" in key
    for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours[5], own, rtol=1e-4, atol=2e-6)
    numpy.testing.assert_allclose(program.predict(x)[5], alone.predict(x), rtol=1e-4, atol=2e-6)


@pytest.mark.sampled(2)
@BACKENDS
@pytest.mark.parametrize("name", ONE_AFTER_ANOTHER)
def test_one_after_another_they_are_equal_to_the_bit(name, backend):
    program, alone, together, single, x = trained_beside_alone(ONE_AFTER_ANOTHER[name], "adam", backend, 1)
    assert "has no form in lanes" in program.spec.replication.reason
    for key, numbers in single.items():
        numpy.testing.assert_array_equal(numpy.array(together[key])[:, 5], numbers, err_msg=key)
    for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_array_equal(ours[5], own)
    numpy.testing.assert_array_equal(program.predict(x)[5], alone.predict(x))


def test_first_weights_are_those_of_a_clone_with_the_seed():
    model, program = compiled(seeds=range(10, 10 + COUNT))
    for number in (0, 8):
        nnc.utils.set_random_seed(10 + number)
        for ours, own in zip(program.get_weights(), clone_model(model).get_weights(), strict=True):
            numpy.testing.assert_array_equal(ours[number], own)
    _, same = compiled(seeds="model")
    assert all((array == array[:1]).all() for array in same.get_weights())


def test_first_weights_are_those_of_a_clone_whatever_draws_them():
    kinds = ("orthogonal", nnc.initializers.RandomNormal(seed=3), "he_normal")
    model = chain(*(nnc.layers.Dense(3, kernel_initializer=kind, bias_initializer="normal") for kind in kinds))
    program = nnc.compile(model, replicas=COUNT, seeds=range(COUNT))
    for number in (0, 8):
        nnc.utils.set_random_seed(number)
        for ours, own in zip(program.get_weights(), clone_model(model).get_weights(), strict=True):
            numpy.testing.assert_array_equal(ours[number], own)


@pytest.mark.parametrize("name", [*IN_LANES, *ONE_AFTER_ANOTHER])
def test_drafts_of_graphs_tell_whether_they_have_a_form_in_lanes(name):
    make, loss, _, _ = (IN_LANES | ONE_AFTER_ANOTHER)[name]
    model = make()
    model.compile("adam", loss, weighted_metrics=["mae"] if loss == "mse" else None)
    compiler = model.make_compiler()
    program = compiler.program()
    found = {name: compiler.draft(name) for name in program.graph_names}
    assert [name for name, draft in found.items() if draft is None] == ["predict"]
    for name, draft in found.items():
        if draft is not None:
            assert bool(obstacle_to_lanes(draft)) == bool(obstacle_to_lanes(program.graph(name))), name
    assert model.make_compiler(extra=(Simplify(),)).draft("train") is None


@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_the_clone_of_a_model_with_replicas_has_as_many(kind):
    inputs = nnc.Input((6,))
    outputs = nnc.layers.Dense(1, name="sum")(nnc.layers.Dropout(0.5, name="drop")(inputs))
    model = nnc.Model(inputs, outputs)
    if kind == "sequential":
        model = nnc.Sequential([inputs, *model.layers[1:]])
    rates = [0.05 * (number + 1) for number in range(COUNT)]
    options = {
        "replicas": COUNT,
        "seeds": range(COUNT),
        "hyperparameters": {"drop/rate": rates, "learning_rate": rates},
    }
    model.compile("sgd", "mse", **options)
    clone = clone_model(model)
    found = [item.fit(X, YES, epochs=2, shuffle=False, verbose=0).history["loss"] for item in (model, clone)]
    assert numpy.shape(found[1]) == (2, COUNT)
    numpy.testing.assert_array_equal(*found)
    assert model.program is not clone.program


def test_weights_of_an_authors_layer_are_not_drawn():
    keras = pytest.importorskip("tensorflow").keras

    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(shape[-1],), initializer="normal")

        def call(self, x):
            return x * self.scale

    x = keras.Input((6,))
    theirs = keras.Model(x, keras.layers.Dense(1)(Scale(name="own")(x)))
    with pytest.raises(ModelError, match=r"layer 'own' \(Scale\) is its author's, .* seeds='model'"):
        nnc.compile(theirs, replicas=COUNT)
    program = nnc.compile(theirs, replicas=COUNT, seeds="model")
    numpy.testing.assert_allclose(program.predict(X)[8], theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_seeds_are_drawn_from_the_generator_that_the_user_seeds():
    nnc.utils.set_random_seed(8)
    first = compiled()[1].get_weights()
    nnc.utils.set_random_seed(8)
    for one, other in zip(first, compiled()[1].get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)
    assert len(numpy.unique(first[0].reshape(COUNT, -1), axis=0)) == COUNT


@pytest.mark.parametrize("count", [1, 8, 16, 21])
@BACKENDS
def test_any_number_of_replicas(count, backend):
    _, program = compiled(count, backend, seeds=range(count))
    assert len(program) == program.replicas == count
    logs = program.evaluate(X, YES, verbose=0)
    for number in {0, count - 1}:
        alone = program[number].evaluate(X, YES, verbose=0)
        for key, value in logs.items():
            assert value.shape == (count,)
            numpy.testing.assert_allclose(value[number], alone[key], rtol=1e-6)
    assert program(X[:3]).shape == (count, 3, 1)
    numpy.testing.assert_array_equal(program(X[:3]), program.predict(X[:3]))


@BACKENDS
def test_constants_are_computed_once_for_all_blocks(backend, monkeypatch):
    computed = []

    def bound_constants(graph, bindings):
        computed.append(graph)
        return nnc.plan.bound_constants(graph, bindings)

    monkeypatch.setattr("nnc.plan.plan.bound_constants", bound_constants)
    counts = []
    for count in (16, 160):
        _, program = compiled(count, backend, seeds=range(count))
        computed.clear()
        program.bound("train", {"batch": 8})
        counts.append(len(computed))
    assert counts[0] == counts[1]


@BACKENDS
def test_a_file_goes_on_where_the_program_was(backend, tmp_path):
    model = IN_LANES["dropout"][0]()
    model.compile("adam", "mse")
    program = nnc.compile(model, backend=backend, replicas=COUNT)
    program.fit(X, YES, epochs=2, verbose=0)
    program.save(tmp_path / "many.nnc")
    loaded = nnc.load(tmp_path / "many.nnc", backend=backend)
    assert loaded.spec.replication == program.spec.replication
    for item in (program, loaded):
        item.fit(X, YES, epochs=2, verbose=0)
    for one, other in zip(program.get_weights(), loaded.get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)
    alone = loaded[3]
    alone.save(tmp_path / "one.nnc")
    numpy.testing.assert_array_equal(nnc.load(tmp_path / "one.nnc", backend=backend).predict(X), alone.predict(X))


def test_mean_and_spread_of_an_ensemble():
    _, program = compiled()
    outputs = program.predict(X)
    mean, spread = program.predict(X, ensemble=True)
    numpy.testing.assert_allclose(mean, outputs.mean(0), rtol=1e-6)
    numpy.testing.assert_allclose(spread, outputs.std(0), rtol=1e-5)
    with pytest.raises(DataError, match=r"ensemble=True is for replicas; program '.*' is one network"):
        program[0].predict(X, ensemble=True)


@BACKENDS
def test_each_replica_may_learn_at_a_rate_of_its_own(backend):
    rates = numpy.geomspace(0.01, 1.0, COUNT)
    _, program = compiled(backend=backend, seeds="model")
    program.optimizer.learning_rate = rates
    numpy.testing.assert_allclose(program.optimizer.learning_rate, rates, rtol=1e-6)
    alone = program[7]
    assert alone.optimizer.learning_rate == numpy.float32(rates[7])
    program.fit(X, YES, epochs=3, verbose=0)
    alone.fit(X, YES, epochs=3, verbose=0)
    for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours[7], own, rtol=1e-5, atol=1e-6)
    with pytest.raises(DataError, match=r"a number, or one for each of 9 replicas, got \(3,\)"):
        program.optimizer.learning_rate = [0.1, 0.2, 0.3]


def test_weights_are_read_and_written_by_replica(tmp_path):
    _, program = compiled()
    weights = [array * 2.0 for array in program.get_weights()]
    program.set_weights(weights)
    for found, given in zip(program.variables.values(), weights, strict=True):
        numpy.testing.assert_array_equal(found, given)
        with pytest.raises(ValueError, match="read-only"):
            found[...] = 0.0
    program.save_weights(tmp_path / "w.npz")
    program.set_weights([array * 0.0 for array in weights])
    program.load_weights(tmp_path / "w.npz")
    numpy.testing.assert_array_equal(program[4].get_weights()[0], weights[0][4])
    with pytest.raises(DataError, match="has weights of shapes"):
        program.set_weights([array[0] for array in weights])


def test_a_model_may_be_compiled_for_replicas(tmp_path):
    model = IN_LANES["sigmoid"][0]()
    rates = [0.1 + 0.1 * number for number in range(COUNT)]
    model.compile(
        "sgd", "binary_crossentropy", replicas=COUNT, seeds=range(COUNT), hyperparameters={"learning_rate": rates}
    )
    program = nnc.compile(model)
    assert program is model.program
    alone = program[2]
    history = model.fit(X, YES, epochs=2, rows=ROWS, verbose=0).history
    assert numpy.shape(history["loss"]) == (2, COUNT)
    alone.fit(X[ROWS[2]], YES[ROWS[2]], epochs=2, verbose=0)
    for ours, own in zip(model.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours[2], own, rtol=1e-4, atol=1e-6)
    assert model.predict(X, verbose=0).shape == (COUNT, 44, 1)
    assert model.evaluate(X, YES, verbose=0).shape == (COUNT,)
    assert model.train_on_batch(X, YES).shape == (COUNT,)
    model.set_weights([array * 0.0 for array in model.get_weights()])
    assert (model.predict(X, verbose=0) == 0.5).all()
    model.save(tmp_path / "many.nnc")
    assert len(nnc.load(tmp_path / "many.nnc")) == COUNT
    for action in (
        lambda: model.save(tmp_path / "one.keras"),
        lambda: model.save_weights(tmp_path / "one.weights.h5"),
        lambda: model(X, training=True),
        lambda: copy.deepcopy(model),
    ):
        with pytest.raises(ModelError, match=r"is for one network, .*program\[number\]"):
            action()
    with pytest.raises(ModelError, match=r"model\.program\.optimizer"):
        model.optimizer.learning_rate = 0.5
    model.compile("sgd", "binary_crossentropy")
    assert model.predict(X, verbose=0).shape == (44, 1)


class Stops(nnc.callbacks.Callback):
    """Stops some replicas after the first epoch, and all after the third."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_replicas(numpy.arange(COUNT) < (3 if epoch < 2 else COUNT))


@BACKENDS
def test_a_stopped_replica_no_longer_changes(backend):
    _, program = compiled(backend=backend, seeds=range(COUNT))
    early, late = program[1], program[6]
    history = program.fit(X, YES, epochs=9, callbacks=[Stops()], validation_data=(X, YES), verbose=0).history
    assert len(history["loss"]) == 3
    early.fit(X, YES, epochs=1, verbose=0)
    late.fit(X, YES, epochs=3, verbose=0)
    for number, alone in ((1, early), (6, late)):
        for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
            numpy.testing.assert_allclose(ours[number], own, rtol=1e-5, atol=1e-6)
    for key in ("loss", "val_auc"):
        assert numpy.isnan(history[key][1][:3]).all()
        assert numpy.isfinite(history[key][2][3:]).all()


def test_what_is_for_one_network_says_so():
    _, program = compiled()
    with pytest.raises(ModelError, match=r"check_nan is for one network, .* has 9 replicas: .*, program\[number\]"):
        program.check_nan = True
    with pytest.raises(ModelError, match="export is for one network"):
        export(program, Path("folder"), batch=1)
    with pytest.raises(IndexError):
        program[COUNT]
    with pytest.raises(TypeError, match="is one network; compile the model with replicas="):
        program[0][0]
    with pytest.raises(DataError, match="is one network: set stop_training"):
        program[0].stop_replicas([True])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicas": 0}, "replicas must be a whole number of at least 1, got 0"),
        ({"replicas": 2.5}, "replicas must be a whole number of at least 1, got 2.5"),
        ({"replicas": 3, "seeds": [1, 2]}, "seeds must be 3 whole numbers, one for each replica"),
        ({"replicas": 2, "seeds": [1, -2]}, "seeds must be whole numbers of at least 0, got -2"),
        ({"replicas": 2, "seeds": "all"}, "or 'model', got 'all'"),
        ({"seeds": [1]}, "seeds, hyperparameters and lanes are those of replicas; give replicas= as well"),
        ({"replicas": 2, "check_nan": True}, "check_nan is for one network, not for replicas"),
        ({"replicas": 2, "hyperparameters": {"momentum": [1.0]}}, "'momentum' must be 2 numbers, one for each replica"),
        (
            {"replicas": 2, "hyperparameters": {"beta_1": [0.1, 0.2]}},
            "SGD has no number 'beta_1'; it has learning_rate",
        ),
        ({"replicas": 2, "hyperparameters": {"drop/rate": [0, 0]}}, "there is no layer 'drop'. Did you mean 'dropout'"),
        ({"replicas": 2, "hyperparameters": {"dropout/seed": [1, 2]}}, "'dropout/seed' cannot differ from replica"),
        ({"replicas": 2, "hyperparameters": {"loss_scale_factor": [1, 2]}}, "is the same for all replicas"),
        ({"replicas": 2, "hyperparameters": {"dropout/rate": [0.1, 1.5]}}, "argument `rate`"),
        ({"replicas": 2, "hyperparameters": {"learning_rate": [0.1, -0.1]}}, "learning_rate must be"),
        ({"replicas": 2, "hyperparameters": {"loss_weights/x": [1, 2]}}, "there is no output 'x'"),
        ({"replicas": 2, "hyperparameters": {"ema_momentum": [0.1, 0.2]}}, "nothing depends on 'ema_momentum'"),
    ],
)
def test_wrong_numbers_of_replicas(options, message):
    model = IN_LANES["dropout"][0]()
    with pytest.raises(ModelError, match=message):
        nnc.compile(model, optimizer=nnc.optimizers.SGD(0.1, name="sgd"), loss="mse", **options)


def test_lines_of_progress_have_mean_and_spread(capsys):
    model = IN_LANES["sigmoid"][0]()
    model.compile("sgd", "mse")
    program = nnc.compile(model, replicas=COUNT)
    history = program.fit(X, YES, epochs=1, verbose=2).history
    losses = history["loss"][0]
    assert f"loss {losses.mean():.4f} ± {losses.std():.4f}" in capsys.readouterr().out
    assert "9 replicas in lanes of 16" in repr(program)
    assert "9 replicas in lanes of 16." in str(program.explain("train"))


@pytest.mark.slow
def test_auto_counts_all_replicas():
    _, one = compiled(1, "auto")
    _, many = compiled(4000, "auto", seeds="model")
    for program in (one, many):
        program.fit(X, YES, epochs=10, verbose=0)
    assert one.choices["train"].backend == "numpy"
    assert many.choices["train"].backend == ("c" if find_compiler() else "numpy")
