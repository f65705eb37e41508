"""Layers inside layers and models inside models: names, weights, freezing, training, pickling, saving."""

from __future__ import annotations

import pickle
import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Concatenate, Dense, Dropout, Layer

X = numpy.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def nested(nn):
    """A model in a model in a model, used twice, beside a layer of its own."""
    core = nn.Sequential([nn.layers.Input((3,)), nn.layers.Dense(4, activation="tanh", name="a")], name="core")
    u = nn.Input((3,))
    middle = nn.Model(u, nn.layers.Dense(3, name="a")(core(u)), name="middle")
    x = nn.Input((3,))
    joined = nn.layers.Concatenate(name="join")([middle(x), middle(nn.layers.Activation("relu")(x))])
    return nn.Model(x, nn.layers.Dense(1, name="a")(joined), name="outer")


def same_weights(ours, theirs):
    generator = numpy.random.default_rng(1)
    weights = [generator.normal(0, 0.5, weight.shape).astype("float32") for weight in theirs.get_weights()]
    ours.set_weights(weights), theirs.set_weights(weights)


def test_a_nested_model_is_keras_s(keras):
    ours, theirs = nested(nnc), nested(keras)
    assert [layer.name for layer in ours.layers if layer.weights] == ["middle", "a"]
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    assert list(ours.program.variables) == [
        *("middle/core/a/kernel", "middle/core/a/bias", "middle/a/kernel", "middle/a/bias", "a/kernel", "a/bias")
    ]
    same_weights(ours, theirs)
    numpy.testing.assert_allclose(ours.predict(X), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.compile(nn.optimizers.SGD(0.05), "mse")
    found = ours.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    expected = theirs.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)


def test_paths_in_graphs_are_nested():
    paths = {node.path for node in nested(nnc).program.graph("predict").nodes}
    assert {"middle/core/a", "middle/a", "a"} <= paths


def test_freezing_a_model_freezes_what_is_inside_and_removes_its_gradients():
    model = nested(nnc)
    model.get_layer("middle").trainable = False
    assert [weight.name for weight in model.trainable_weights] == ["kernel", "bias"]
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [bool((old != new).any()) for old, new in zip(before, model.get_weights(), strict=True)]
    assert changed == [False] * 4 + [True] * 2
    backward = {node.path for node in model.program.graph("train").nodes if node.phase == "backward"}
    assert not any(path.startswith("middle") for path in backward)


def test_pickles_and_files_of_nested_models(tmp_path):
    model = nested(nnc)
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    again = pickle.loads(pickle.dumps(model))
    numpy.testing.assert_array_equal(again.predict(X), model.predict(X))
    model.save(tmp_path / "m.nnc")
    loaded = nnc.load(tmp_path / "m.nnc")
    numpy.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.fit(X, Y, verbose=0).history == model.fit(X, Y, verbose=0).history


class Residual(Layer):
    """A layer made of layers: one in `__init__`, a list of others, built when they are first called."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.first = Dense(units, activation="tanh")
        self.others = [Dense(units), Dropout(0.5)]
        self.gain = None

    def build(self, input_shape):
        self.gain = self.add_weight((), "ones", name="gain")

    def call(self, x):
        inner = self.first(x)
        for layer in self.others:
            inner = layer(inner)
        return x + inner * self.gain


def test_layers_inside_a_layer():
    layer = Residual(3, name="residual")
    y = layer(X)
    assert y.shape == (12, 3)
    assert [weight.name for weight in layer.weights] == ["gain", "kernel", "bias", "kernel", "bias"]
    gain, first, bias, second, shift = layer.get_weights()
    numpy.testing.assert_allclose(y, X + (numpy.tanh(X @ first + bias) @ second + shift) * gain, rtol=1e-5, atol=1e-6)
    gradient = layer.backward(numpy.ones_like(y))
    assert gradient.shape == X.shape
    assert all(weight.gradient is not None for weight in layer.weights)
    model = nnc.Sequential([nnc.Input((3,)), Residual(3, name="r"), Dense(1)])
    assert "r/dense/kernel" in model.program.variables
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2


def test_a_layer_that_is_no_attribute_is_refused():
    class Hidden(Layer):
        def call(self, x):
            return Dense(2)(x)

    with pytest.raises(ModelError, match=r"'dense' \(Dense\) has weights.*must have it as an attribute"):
        Hidden()(nnc.Input((3,)))


class Scaled(Layer):
    """Several tensors, by position, by keyword and nested."""

    def call(self, x, others=None, factor=1.0):
        for other in others or []:
            x = x + other
        return [x * factor, (x, others[0])] if others else x * factor


def test_tensors_in_keywords_and_nested_results():
    a, b = nnc.Input((3,)), nnc.Input((3,))
    doubled, (total, first) = Scaled()(a, others=[b, a], factor=2.0)
    model = nnc.Model([a, b], [doubled, total, first])
    found = model.predict([X, X + 1])
    for array, expected in zip(found, [2 * (3 * X + 1), 3 * X + 1, X + 1], strict=True):
        numpy.testing.assert_allclose(array, expected, rtol=1e-6)
    array, (_, other) = Scaled()(X, others=[X + 1, X], factor=2.0)
    numpy.testing.assert_allclose(array, found[0], rtol=1e-6)
    numpy.testing.assert_array_equal(other, X + 1)
    with pytest.raises(ModelError, match=r"cannot be called with scale=; its arguments are x, others, factor"):
        Scaled()(a, scale=2.0)


class Average(Layer):
    """Keeps a running mean of its input, as batch normalisation does."""

    def build(self, input_shape):
        self.mean = self.add_weight((input_shape[-1],), "zeros", trainable=False, name="mean")

    def call(self, x, training=False):
        if training:
            self.mean.assign(self.mean * 0.5 + nnc.ir.ops.mean(x, 0) * 0.5)
        return x - self.mean


def test_state_that_training_changes(tmp_path):
    layer = Average()
    model = nnc.Sequential([nnc.Input((3,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    numpy.testing.assert_allclose(layer.mean.array, X.mean(0) * 0.5, rtol=1e-5, atol=1e-7)
    model.evaluate(X, Y)
    numpy.testing.assert_allclose(layer.mean.array, X.mean(0) * 0.5, rtol=1e-5, atol=1e-7)
    model.save(tmp_path / "m.nnc")
    loaded = nnc.load(tmp_path / "m.nnc")
    model.train_on_batch(X, Y), loaded.train_step(X, Y)
    numpy.testing.assert_allclose(layer.mean.array, X.mean(0) * 0.75, rtol=1e-5, atol=1e-7)
    numpy.testing.assert_array_equal(loaded.variables["average/mean"], layer.mean.array)


def test_a_layer_used_twice_sees_the_state_it_left():
    x = nnc.Input((3,))
    layer = Average()
    model = nnc.Model(x, Dense(1)(Concatenate()([layer(x), layer(nnc.layers.Activation("relu")(x))])))
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    once = X.mean(0) * 0.5
    numpy.testing.assert_allclose(
        layer.mean.array, once * 0.5 + numpy.maximum(X, 0).mean(0) * 0.5, rtol=1e-5, atol=1e-7
    )


def test_trained_weights_can_only_be_assigned_while_training():
    class Wrong(Layer):
        def build(self, input_shape):
            self.w = self.add_weight((3,), "zeros", name="w")

        def call(self, x):
            self.w.assign(self.w + 1.0)
            return x

    with pytest.raises(ModelError, match="'wrong/w' is trained, and can be assigned while training only"):
        nnc.Sequential([nnc.Input((3,)), Wrong()])


class Penalty(Layer):
    """Adds to the loss."""

    def call(self, x):
        self.add_loss(nnc.ir.ops.mean(nnc.ir.ops.square(x)) * 0.5)
        return x


def test_losses_of_layers(keras):
    class Theirs(keras.layers.Layer):
        def call(self, x):
            self.add_loss(keras.ops.mean(keras.ops.square(x)) * 0.5)
            return x

    models = []
    for nn, layer in ((nnc, Penalty()), (keras, Theirs())):
        model = nn.Sequential([nn.layers.Input((3,)), nn.layers.Dense(4), layer, nn.layers.Dense(1)])
        model.compile(nn.optimizers.SGD(0.05), "mse")
        models.append(model)
    same_weights(*models)
    found, expected = (model.fit(X, Y, epochs=3, shuffle=False, verbose=0).history["loss"] for model in models)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    numpy.testing.assert_allclose(models[0].evaluate(X, Y, verbose=0), models[1].evaluate(X, Y, verbose=0), rtol=1e-5)
    numpy.testing.assert_allclose(models[0].predict(X), models[1].predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_inner_outputs_make_another_model():
    model = nested(nnc)
    inner = nnc.Model(model.input, model.get_layer("join").output)
    assert inner.predict(X).shape == (12, 6)
    assert inner.get_layer("middle") is model.get_layer("middle")
