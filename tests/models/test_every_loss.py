"""Models trained with every loss, by name, against Keras on TensorFlow: targets, steps and evaluation."""

import warnings

import numpy
import pytest

import nnc
from nnc.losses.registry import FUNCTIONS

NAMES = sorted(set(FUNCTIONS) - {"categorical_generalized_cross_entropy"})  # which keras.losses.get does not know
SIGMOID = {"binary_crossentropy", "binary_focal_crossentropy", "dice", "poisson", "tversky"}
SOFTMAX = {"categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence"}
INDICES = {"circle", "sparse_categorical_crossentropy"}


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def make(nn, name):
    activation = "sigmoid" if name in SIGMOID else "softmax" if name in SOFTMAX | INDICES else None
    shape = (6, 3) if name == "ctc" else (3,)
    x = nn.Input(shape)
    output = nn.layers.Dense(4, activation)(nn.layers.Dense(5, "tanh")(x))
    model = nn.Model(x, output)
    model.compile("sgd", name)
    return model


def data(name):
    generator = numpy.random.default_rng(len(name))
    x = generator.normal(size=(32, 6, 3) if name == "ctc" else (32, 3)).astype("float32")
    if name == "ctc":
        lengths = generator.integers(1, 4, (32, 1))
        return x, numpy.where(numpy.arange(3) < lengths, generator.integers(1, 4, (32, 3)), 0).astype("int32")
    classes = generator.integers(0, 4, 32).astype("int32")
    if name in INDICES:
        return x, classes
    if name in SOFTMAX or name == "categorical_hinge":
        return x, numpy.eye(4, dtype="float32")[classes]
    if name in SIGMOID or "hinge" in name:
        return x, generator.integers(0, 2, (32, 4)).astype("float32")
    return x, generator.uniform(0.5, 2.0, (32, 4)).astype("float32")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
def test_training_is_that_of_keras(tf, name):
    x, y = data(name)
    ours, theirs = make(nnc, name), make(tf.keras, name)
    ours.set_weights(theirs.get_weights())
    for start in range(0, 32, 8):
        rows = slice(start, start + 8)
        found, expected = ours.train_on_batch(x[rows], y[rows]), theirs.train_on_batch(x[rows], y[rows])
        theirs.reset_metrics()
        assert found == pytest.approx(float(expected), rel=2e-5, abs=1e-6)
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-5)
    if name not in ("circle", "dice", "tversky"):  # which depend on the batch
        assert ours.evaluate(x, y) == pytest.approx(theirs.evaluate(x, y, verbose=0), rel=2e-5, abs=1e-6)


def test_an_ignored_class_costs_nothing(tf):
    x, y = data("sparse_categorical_crossentropy")
    y = numpy.where(numpy.arange(32) % 3, y, -1)
    models = []
    for nn in (nnc, tf.keras):
        model = nn.Sequential([nn.Input((3,)), nn.layers.Dense(4)])
        model.compile("sgd", nn.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
        models.append(model)
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    for start in range(0, 32, 8):
        rows = slice(start, start + 8)
        found, expected = ours.train_on_batch(x[rows], y[rows]), theirs.train_on_batch(x[rows], y[rows])
        theirs.reset_metrics()
        assert found == pytest.approx(float(expected), rel=1e-5)
