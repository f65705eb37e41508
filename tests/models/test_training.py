"""fit, evaluate and their options: validation, weights, epochs, learning rates, frozen layers, recompiling."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.layers import Dense

GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.normal(size=(40, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def network(optimizer="sgd", **options) -> nnc.Sequential:
    nnc.utils.set_random_seed(0)
    model = nnc.Sequential([Dense(4, "tanh", input_dim=3), Dense(1, "sigmoid")])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], **options)
    return model


def assert_same(first: nnc.Model, second: nnc.Model) -> None:
    for left, right in zip(first.get_weights(), second.get_weights(), strict=True):
        numpy.testing.assert_array_equal(left, right)


def test_history():
    history = network().fit(X, Y, batch_size=16, epochs=3, verbose=0)
    assert list(history.history) == ["accuracy", "loss"]
    assert [len(values) for values in history.history.values()] == [3, 3]
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 3}
    assert all(isinstance(value, float) for values in history.history.values() for value in values)


@pytest.mark.slow
def test_logs_have_the_order_of_keras():
    keras = pytest.importorskip("keras")
    found = []
    for lib in (keras, nnc):

        class Seen(lib.callbacks.Callback):
            def __init__(self):
                super().__init__()
                self.orders = {}

            def on_train_batch_end(self, batch, logs=None):
                self.orders["train batch"] = list(logs)

            def on_test_batch_end(self, batch, logs=None):
                self.orders["test batch"] = list(logs)

            def on_test_end(self, logs=None):
                self.orders["test"] = list(logs)

            def on_epoch_end(self, epoch, logs=None):
                self.orders["epoch"] = list(logs)

        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=["mse", "accuracy"])
        seen = Seen()
        history = model.fit(X, Y, validation_data=(X, Y), callbacks=[seen], verbose=0)
        measured = model.evaluate(X, Y, return_dict=True, verbose=0)
        found.append((seen.orders, list(history.history), list(measured)))
        assert model.evaluate(X, Y, verbose=0) == [measured[name] for name in ("loss", "mse", "accuracy")]
    assert found[0] == found[1]


def test_loss_of_an_epoch_is_the_mean_over_rows():
    model = network(nnc.optimizers.SGD(1e-30))
    loss = model.fit(X, Y, batch_size=16, verbose=0).history["loss"][0]  # batches of 16, 16 and 8 rows
    output = model.predict(X).astype("float64")
    assert loss == pytest.approx(-numpy.log(numpy.where(Y > 0.5, output, 1 - output)).mean(), rel=1e-5)
    assert model.evaluate(X, Y, batch_size=7)[0] == pytest.approx(loss, rel=1e-5)
    assert model.evaluate(X, Y)[1] == pytest.approx(((output > 0.5) == Y).mean(), rel=1e-6)


def test_initial_epoch():
    model, other = network(), network()
    history = model.fit(X, Y, initial_epoch=3, epochs=5, verbose=0)
    assert history.epoch == [3, 4]
    other.fit(X, Y, epochs=2, verbose=0)
    assert_same(model, other)
    assert model.fit(X, Y, initial_epoch=5, epochs=5, verbose=0).history == {}
    assert_same(model, other)


def test_validation_split_keeps_the_last_rows():
    model, other = network(), network()
    history = model.fit(X, Y, epochs=2, validation_split=0.25, verbose=0)
    other.fit(X[:30], Y[:30], epochs=2, verbose=0)
    assert_same(model, other)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    expected = other.evaluate(X[30:], Y[30:])
    assert [history.history[f"val_{name}"][-1] for name in ("loss", "accuracy")] == expected


def test_validation_data_come_before_a_split():
    model, other = network(), network()
    for data in ((X[:5], Y[:5]), [X[:5], Y[:5]], (X[:5], Y[:5], numpy.ones(5))):
        history = model.fit(X, Y, validation_data=data, validation_split=0.5, validation_batch_size=2, verbose=0)
        other.fit(X, Y, verbose=0)
        assert_same(model, other)
        assert history.history["val_loss"][0] == pytest.approx(other.evaluate(X[:5], Y[:5])[0], rel=1e-6)
    history = model.fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert [len(values) for values in history.history.values()] == [5, 5, 2, 2]


def test_sample_weights():
    weight = numpy.where(numpy.arange(40) < 20, 2.0, 0.0)
    model, other = network(), network()
    for shape in ((40,), (40, 1)):
        model.fit(X, Y, batch_size=40, shuffle=False, sample_weight=weight.reshape(shape), verbose=0)
        other.fit(X[:20], Y[:20], batch_size=20, shuffle=False, verbose=0)
    for left, right in zip(model.get_weights(), other.get_weights(), strict=True):
        numpy.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-7)
    assert model.evaluate(X, Y, sample_weight=weight)[0] == pytest.approx(other.evaluate(X[:20], Y[:20])[0], rel=1e-5)


def test_class_weights_are_sample_weights():
    model, other, third = network(), network(), network()
    model.fit(X, Y, epochs=2, class_weight={0: 0.5, 1: 3.0}, verbose=0)
    other.fit(X, Y, epochs=2, sample_weight=numpy.where(Y[:, 0] > 0.5, 3.0, 0.5), verbose=0)
    assert_same(model, other)
    third.fit(X, Y, epochs=2, class_weight={1: 3.0}, sample_weight=numpy.full(40, 2.0), verbose=0)
    other = network()
    other.fit(X, Y, epochs=2, sample_weight=numpy.where(Y[:, 0] > 0.5, 6.0, 2.0), verbose=0)
    assert_same(third, other)


def test_class_weights_are_for_training_alone_as_in_keras():
    keras = pytest.importorskip("tensorflow").keras
    theirs = keras.Sequential([keras.layers.Input(X.shape[1:]), keras.layers.Dense(1, activation="sigmoid")])
    theirs.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", run_eagerly=True)
    program = nnc.compile(theirs)
    options = {"class_weight": {0: 0.5, 1: 6.0}, "validation_split": 0.25, "shuffle": False, "verbose": 0}
    expected, found = (item.fit(X, Y, epochs=2, **options).history for item in (theirs, program))
    for name in ("loss", "val_loss"):
        numpy.testing.assert_allclose(found[name], expected[name], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("targets", ["indices", "rows"])
def test_class_weights_of_several_classes(targets):
    indices = numpy.arange(40) % 3
    y = indices if targets == "indices" else nnc.utils.to_categorical(indices)
    loss = "sparse_categorical_crossentropy" if targets == "indices" else "categorical_crossentropy"
    models = []
    for options in ({"class_weight": {0: 1, 1: 2, 2: 3}}, {"sample_weight": indices + 1.0}):
        nnc.utils.set_random_seed(0)
        model = nnc.Sequential([Dense(3, "softmax", input_dim=3)])
        model.compile("adam", loss)
        model.fit(X, y, verbose=0, **options)
        models.append(model)
    assert_same(*models)


def test_shuffling():
    ordered, shuffled, again = network(), network(), network()
    ordered.fit(X, Y, shuffle=False, batch_size=8, verbose=0)
    shuffled.fit(X, Y, batch_size=8, verbose=0)
    again.fit(X, Y, batch_size=8, verbose=0)
    assert_same(shuffled, again)
    assert (ordered.get_weights()[0] != shuffled.get_weights()[0]).any()
    by_hand = network()
    for start in range(0, 40, 8):
        by_hand.train_on_batch(X[start : start + 8], Y[start : start + 8])
    assert_same(ordered, by_hand)


def test_the_users_arrays_are_not_touched():
    x, y, weight = X.copy(), Y.copy(), numpy.ones(40)
    network().fit(x, y, epochs=2, sample_weight=weight, validation_split=0.2, verbose=0)
    numpy.testing.assert_array_equal(x, X)
    numpy.testing.assert_array_equal(y, Y)


def test_learning_rate_changes_between_fits():
    model, other = network(nnc.optimizers.SGD(0.1)), network(nnc.optimizers.SGD(0.3))
    other.fit(X, Y, verbose=0)
    compilations = other.program.compilations
    other.set_weights(model.get_weights())
    model.fit(X, Y, shuffle=False, verbose=0)
    other.optimizer.learning_rate = 0.1
    assert other.optimizer.learning_rate == pytest.approx(0.1)
    other.fit(X, Y, shuffle=False, verbose=0)
    assert_same(model, other)
    assert other.program.compilations == compilations


def test_recompiling_keeps_weights_and_starts_the_optimizer_afresh():
    model, fresh = network("adam"), network("adam")
    model.fit(X, Y, epochs=3, verbose=0)
    weights = model.get_weights()
    model.compile("adam", "binary_crossentropy")
    for before, after in zip(weights, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(before, after)
    assert "optimizer/iterations" not in model.program.states
    fresh.set_weights(weights)
    model.fit(X, Y, shuffle=False, verbose=0)
    fresh.fit(X, Y, shuffle=False, verbose=0)
    assert_same(model, fresh)
    assert model.optimizer.iterations == 2


def test_a_program_keeps_what_it_was_compiled_for():
    model = network()
    program = model.program
    model.compile("sgd", "mse")
    assert program.evaluate(X, Y).keys() == {"loss", "accuracy"}
    assert program.evaluate(X, Y)["loss"] != pytest.approx(model.evaluate(X, Y))
    model.add(Dense(2))
    assert program(X).shape == (40, 1)
    assert program.train_step(X, Y) > 0


def test_frozen_layers_get_no_update_and_no_gradient():
    model = network("adam")
    model.layers[0].trainable = False
    model.compile("adam", "binary_crossentropy")
    before = model.get_weights()
    model.fit(X, Y, epochs=3, verbose=0)
    after = model.get_weights()
    assert [(old == new).all() for old, new in zip(before, after, strict=True)] == [True, True, False, False]
    graph = model.program.graph("train")
    assert not any(node.path == "dense" and node.phase == "backward" for node in graph.nodes)
    assert any(node.path == "dense_1" and node.phase == "backward" for node in graph.nodes)
    assert "frozen" in graph.states and "frozen" not in graph.updates
    assert model.program.states["optimizer/momentum/parameters"].shape == (5,)
    model.layers[0].trainable = True
    model.compile("adam", "binary_crossentropy")
    model.fit(X, Y, verbose=0)
    assert all((old != new).any() for old, new in zip(after, model.get_weights(), strict=True))


def test_nothing_to_train():
    model = nnc.Sequential([Dense(1, input_dim=3, trainable=False)], name="m")
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y) > 0
    with pytest.warns(UserWarning, match="does not have any trainable weights"):  # Keras's words
        found = model.fit(X, Y, batch_size=len(X), verbose=0).history
    assert found["loss"] == [pytest.approx(model.evaluate(X, Y, batch_size=len(X)))]
