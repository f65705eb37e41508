"""Layers instead of activations: trained with their weights, written and read, as in Keras."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import LSTM, ConvLSTM1D, Dense, Input, Layer, PReLU, Softmax
from nnc.readers import read_model

ROWS, STEPS = 6, 10


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


def network(nn):
    """A network with a layer instead of each activation."""
    layers = nn.layers
    return nn.Sequential(
        [
            layers.Input((6, 5, 2)),
            layers.Conv2D(3, 2, activation=layers.PReLU(shared_axes=[1, 2], alpha_initializer="ones"), name="conv"),
            layers.Reshape((4, 15)),
            layers.LSTM(4, activation=layers.PReLU(name="slopes"), name="lstm"),
            layers.Dense(3, activation=layers.LayerNormalization(name="norm"), name="dense"),
            layers.Activation(layers.PReLU(alpha_regularizer="l2"), name="last"),
        ]
    )


def pair(keras):
    """The network of both, with the same weights."""
    ours, theirs = network(nnc), network(keras)
    theirs(numpy.zeros((1, 6, 5, 2), "float32"))  # Keras makes their weights when they are first called
    generator = numpy.random.default_rng(0)
    weights = [generator.normal(0.0, 0.3, weight.shape) for weight in theirs.weights]
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    return ours, theirs


def batch(generator):
    return generator.normal(size=(ROWS, 6, 5, 2)).astype("float32"), generator.normal(size=(ROWS, 3)).astype("float32")


@pytest.mark.slow
def test_ten_steps_are_those_of_tensorflow(keras):
    ours, theirs = pair(keras)
    for nn, model in ((nnc, ours), (keras, theirs)):
        model.compile(nn.optimizers.SGD(0.05), "mse")
    generator = numpy.random.default_rng(1)
    for _ in range(STEPS):
        x, y = batch(generator)
        assert ours.train_on_batch(x, y) == pytest.approx(float(theirs.train_on_batch(x, y)), rel=5e-5)
    for found, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file", "ignore:__array__ implementation")
@pytest.mark.parametrize("suffix", ["keras", "h5", "weights.h5"])
@pytest.mark.sampled(2)
def test_files_are_read(suffix, keras, tmp_path):
    theirs = pair(keras)[1]
    x, _ = batch(numpy.random.default_rng(2))
    expected = theirs.predict(x, verbose=0)
    path = tmp_path / f"model.{suffix}"
    if suffix == "weights.h5":
        theirs.save_weights(path)
        found = network(nnc)
        found.load_weights(path)
    else:
        theirs.save(path)
        found = read_model(path)
        assert [weight.path.split("/")[-1] for weight in found.weights] == [weight.name for weight in theirs.weights]
    numpy.testing.assert_allclose(found.predict(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize(("name", "count"), [("PReLU", 3), ("LeakyReLU", 2)])
def test_files_of_keras_2(name, count, suffix, tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    layers, generator = tf_keras.layers, numpy.random.default_rng(4)
    model = tf_keras.Sequential([layers.Input((5,)), layers.Dense(3, activation=getattr(layers, name)())])
    model.set_weights([generator.normal(size=weight.shape) for weight in model.get_weights()])
    model.save(tmp_path / f"model.{suffix}")
    found, x = read_model(tmp_path / f"model.{suffix}"), generator.normal(size=(ROWS, 5)).astype("float32")
    assert len(found.weights) == len(model.weights) == count
    numpy.testing.assert_allclose(found.predict(x), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_parameters_are_a_vector_where_an_activation_has_some():
    layer = Dense(3, activation=PReLU(alpha_initializer="ones"))
    layer(numpy.zeros((2, 4)))
    assert layer.parameters.shape == (4 * 3 + 3 + 3,)
    layer.parameters = numpy.arange(18.0)
    numpy.testing.assert_array_equal(layer.activation.get_weights()[0], [15, 16, 17])
    numpy.testing.assert_array_equal(layer.parameters, numpy.arange(18.0))


def test_an_activation_of_a_recurrent_layer_is_that_of_its_cell():
    class Longer(LSTM):
        def __post_init__(self):
            super().__post_init__()
            self.more = Dense(1)

    layer = Longer(2, activation=PReLU())
    layer(numpy.zeros((1, 3, 4)))
    assert layer.activation is layer.cell.activation
    assert layer.sublayers == [layer.cell, layer.more]
    assert len(layer.cell.weights) == 4


@pytest.mark.slow
def test_configs_are_read_and_written(keras):
    ours, theirs = pair(keras)
    x, _ = batch(numpy.random.default_rng(2))
    again = nnc.Sequential.from_config(ours.get_config())
    again.set_weights(ours.get_weights())
    numpy.testing.assert_array_equal(again.predict(x), ours.predict(x))
    for model in (keras.Sequential.from_config(ours.get_config()), nnc.Sequential.from_config(theirs.get_config())):
        model(x)
        model.set_weights(ours.get_weights())
        numpy.testing.assert_allclose(model.predict(x, verbose=0), ours.predict(x), rtol=1e-4, atol=1e-5)


def test_a_layer_of_ones_own(tmp_path):
    class Swung(Layer):
        def build(self, input_shape):
            self.phase = self.add_weight((input_shape[-1],), "ones", name="phase")

        def call(self, x):
            return nnc.ir.ops.sin(x + self.phase)

    with nnc.layers.registry.known_classes({"Swung": Swung}):
        layer = Dense(2, activation=Swung())
        again = Dense.from_config(layer.get_config())
    x = numpy.random.default_rng(0).normal(size=(4, 3, 5))
    expected = layer(x)
    again(x)
    again.set_weights(layer.get_weights())
    numpy.testing.assert_array_equal(again(x), expected)
    assert isinstance(again.activation, Swung) and again.sublayers == [again.activation]


def test_an_activation_may_look_at_any_axis():
    x = numpy.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    layer = Dense(4, activation=Softmax(axis=1))
    numpy.testing.assert_allclose(layer(x).sum(1), 1.0, rtol=1e-5)


def test_what_does_not_fit():
    with pytest.raises(ModelError, match="layers used as activations need data_format='channels_last'"):
        ConvLSTM1D(2, 2, activation=PReLU(), data_format="channels_first")(Input((4, 3, 5)))
    with pytest.raises(ModelError, match="unknown activation 'PRelu'"):
        Dense(2, activation={"class_name": "PRelu", "config": {}})
