"""Losses and metrics of the author's own, beside Keras: two training steps, on both backends."""

from __future__ import annotations

import re
import warnings

import numpy
import pytest

import nnc

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (8, 6)).astype("float32")
Y = numpy.random.default_rng(1).uniform(-1.0, 1.0, (8, 2)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def network(keras):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(2, name="out")])


def function(keras):
    def bent(y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.where(error > 0, error * error, keras.ops.abs(error)), axis=-1)

    return bent


def loss_class(keras):
    class Scaled(keras.losses.Loss):
        def __init__(self, scale, **options):
            super().__init__(**options)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    return Scaled(3.0, reduction="sum", name="scaled")


def derived_class(keras):
    class Doubled(keras.losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return 2.0 * super().call(y_true, y_pred)

    return Doubled()


@pytest.mark.parametrize("make", [function, loss_class, derived_class])
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_losses(make, backend, keras):
    theirs = network(keras)
    theirs.compile("sgd", make(keras))
    program = nnc.compile(theirs, backend=backend)
    expected = [float(theirs.train_on_batch(X, Y)) for _ in range(2)]
    history = program.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    numpy.testing.assert_allclose(history.history["loss"], expected, rtol=1e-5)
    numpy.testing.assert_allclose(program.predict(X), theirs(X), rtol=1e-4, atol=1e-5)


def test_metrics(keras):
    def within(y_true, y_pred):
        return keras.ops.mean(keras.ops.cast(keras.ops.abs(y_true - y_pred) < 0.5, "float32"), axis=-1)

    theirs = network(keras)
    theirs.compile("sgd", "mse", metrics=["mae", within])
    found = nnc.compile(theirs).evaluate(X, Y, verbose=0)
    expected = theirs.evaluate(X, Y, verbose=0, return_dict=True)
    assert found.keys() == expected.keys()
    for name, number in expected.items():
        numpy.testing.assert_allclose(found[name], number, rtol=1e-5, err_msg=name)


def test_losses_by_output(keras):
    x = keras.Input((6,))
    keras.utils.set_random_seed(0)
    theirs = keras.Model(x, {"a": keras.layers.Dense(2, name="a")(x), "b": keras.layers.Dense(2, name="b")(x)})
    theirs.compile("sgd", {"a": function(keras), "b": "mse"})
    program, y = nnc.compile(theirs), {"a": Y, "b": 2.0 * Y}
    expected = theirs.evaluate(X, y, verbose=0, return_dict=True)["loss"]
    numpy.testing.assert_allclose(program.evaluate(X, y, verbose=0)["loss"], expected, rtol=1e-5)


def test_losses_that_cannot_be_traced_name_the_line(keras):
    def branching(y_true, y_pred):
        return y_true if y_pred[0, 0] > 0 else y_pred

    theirs = network(keras)
    theirs.compile("sgd", branching)
    with pytest.warns(UserWarning) as caught:
        program = nnc.compile(theirs)
    first, second = (str(warning.message) for warning in caught)
    assert re.search(r"function 'branching' cannot be traced: .* \(at test_measures\.py:\d+\)", first)
    assert "it is read for predicting and not compiled: loss function 'branching'" in second
    numpy.testing.assert_allclose(program.predict(X), theirs(X), rtol=1e-4, atol=1e-5)
