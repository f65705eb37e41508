"""Training of embeddings agrees with TensorFlow's, whose rules see each look-up of a row by itself; words repeat."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.readers import read_model
from tests.optimizers.test_keras import MORE, OPTIONS, RULES

WORDS, LENGTH, ROWS = 9, 7, 16
FIT: dict[str, Any] = {"batch_size": 8, "epochs": 6, "shuffle": False, "verbose": 0}
CLIPPED: dict[str, dict[str, Any]] = {
    "clipnorm": {"clipnorm": 0.05},
    "global_clipnorm": {"global_clipnorm": 0.05},
    "clipvalue": {"clipvalue": 0.005},
}
"""Options that bite on the small gradients of words; a scaled loss is an error of Keras where there is an embedding."""
ALL_OPTIONS = {name: CLIPPED.get(name, value) for name, value in OPTIONS.items() if name not in ("plain", "all")}


@pytest.fixture(scope="module")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def words(nn: Any) -> Any:
    return nn.Input((LENGTH,), dtype="int32")


def bag(nn: Any) -> Any:
    """The mean of words, which are looked up in two ways."""
    layers = nn.layers
    x, embedding = words(nn), nn.layers.Embedding(WORDS, 4)
    y = layers.Add()([layers.GlobalAveragePooling1D()(embedding(x)), layers.GlobalMaxPooling1D()(embedding(x))])
    return nn.Model(x, layers.Dense(3)(layers.Dense(5, "tanh")(y)))


def sequence(nn: Any) -> Any:
    """An LSTM over masked words."""
    layers, x = nn.layers, words(nn)
    return nn.Model(x, layers.Dense(3)(layers.LSTM(5)(layers.Embedding(WORDS, 4, mask_zero=True)(x))))


def both_ways(nn: Any) -> Any:
    layers, x = nn.layers, words(nn)
    y = layers.Bidirectional(layers.GRU(3))(layers.Embedding(WORDS, 4, mask_zero=True)(x))
    return nn.Model(x, layers.Dense(3)(y))


def several_readers(nn: Any) -> Any:
    layers, x = nn.layers, words(nn)
    y = layers.Embedding(WORDS, 4)(x)
    parts = [layers.LSTM(2)(y), layers.GlobalAveragePooling1D()(y), layers.Flatten()(layers.Conv1D(2, 3)(y))]
    return nn.Model(x, layers.Dense(3)(layers.Concatenate()(parts)))


def distributed(nn: Any) -> Any:
    """A model of words inside TimeDistributed, and an embedding inside another."""
    layers, x = nn.layers, words(nn)
    word = nn.Input((1,), dtype="int32")
    inner = nn.Model(word, layers.Dense(3, "tanh")(layers.Flatten()(layers.Embedding(WORDS, 4)(word))))
    y = layers.Reshape((LENGTH, 1))(x)
    z = layers.Flatten()(layers.TimeDistributed(layers.Embedding(WORDS, 2))(y))
    return nn.Model(x, layers.Dense(3)(layers.Concatenate()([z, layers.LSTM(3)(layers.TimeDistributed(inner)(y))])))


def in_a_model(nn: Any) -> Any:
    """A model of words that reads two inputs, and whose table is the only weight without a layer after it."""
    layers, x, z = nn.layers, words(nn), words(nn)
    inner = nn.Sequential([nn.Input((LENGTH,), dtype="int32"), layers.Embedding(WORDS, 3), layers.Flatten()])
    return nn.Model([x, z], layers.Dense(3)(layers.Multiply()([inner(x), inner(z)])))


def alone(nn: Any) -> Any:
    """A model of one table."""
    x = words(nn)
    return nn.Model(x, nn.layers.GlobalAveragePooling1D()(nn.layers.Embedding(WORDS, 3)(x)))


def penalized(nn: Any) -> Any:
    """A penalty makes the gradient one of all rows."""
    layers, x = nn.layers, words(nn)
    y = layers.Embedding(WORDS, 4, embeddings_regularizer="l2", embeddings_constraint="max_norm")(x)
    return nn.Model(x, layers.Dense(3)(layers.Flatten()(y)))


def constrained(nn: Any) -> Any:
    """A constraint and a penalty on the outputs do not."""
    layers, x = nn.layers, words(nn)
    y = layers.Embedding(WORDS, 4, embeddings_constraint="non_neg", activity_regularizer="l2")(x)
    return nn.Model(x, layers.Dense(3)(layers.Flatten()(y)))


def tied(nn: Any) -> Any:
    """A product with the table makes the gradient one of all rows."""
    layers, x = nn.layers, words(nn)
    embedding = layers.ReversibleEmbedding(WORDS, 4)
    return nn.Model(x, layers.Dense(3)(layers.Flatten()(embedding(layers.Dense(4)(embedding(x)), reverse=True))))


def untied(nn: Any) -> Any:
    layers, x = nn.layers, words(nn)
    embedding = layers.ReversibleEmbedding(WORDS, 4, tie_weights=False)
    return nn.Model(x, layers.Dense(3)(layers.Flatten()(embedding(layers.Dense(4)(embedding(x)), reverse=True))))


def normalized(nn: Any) -> Any:
    """A table that its layer assigns in training."""
    layers, x = nn.layers, nn.Input((LENGTH,))
    return nn.Model(x, layers.Dense(3)(layers.Flatten()(layers.SpectralNormalization(layers.Embedding(WORDS, 4))(x))))


NETWORKS = (
    sequence, both_ways, several_readers, distributed, in_a_model, alone, penalized, constrained, tied, untied,
    normalized,
)  # fmt: skip


def draw(model: Any) -> tuple[Any, Any]:
    generator = numpy.random.default_rng(1)
    x = [generator.integers(0, WORDS, (ROWS, LENGTH)).astype("int32") for _ in model.inputs]
    return (x[0] if len(x) == 1 else x), generator.normal(size=(ROWS, 3)).astype("float32")


def check(build: Callable[[Any], Any], keras: Any, rule: str, arguments: dict[str, Any]) -> None:
    ours, theirs = build(nnc), build(keras)
    generator = numpy.random.default_rng(2)
    weights = [generator.normal(0, 0.3, weight.shape).astype("float32") for weight in theirs.get_weights()]
    x, y = draw(theirs)
    losses = []
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.set_weights(weights)
        model.compile(getattr(nn.optimizers, rule)(**arguments), "mse")
        losses.append(model.fit(x, y, **FIT).history["loss"])
    numpy.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for weight, expected in zip(ours.weights, theirs.get_weights(), strict=True):
        size = numpy.abs(expected).max()
        numpy.testing.assert_allclose(weight.array, expected, rtol=0, atol=5e-5 * size, err_msg=weight.path)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.sampled(1)
def test_each_rule(rule: str, keras: Any) -> None:
    check(bag, keras, rule, RULES[rule])


@pytest.mark.parametrize(("rule", "arguments"), [*MORE, ("SGD", {"momentum": 0.0}), ("RMSprop", {"centered": False})])
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # Ftrl begins with a large step
@pytest.mark.slow
def test_more_arguments(rule: str, arguments: dict[str, Any], keras: Any) -> None:
    check(bag, keras, rule, RULES[rule] | arguments)


@pytest.mark.parametrize("option", ALL_OPTIONS)
@pytest.mark.slow
def test_each_option(option: str, keras: Any) -> None:
    check(bag, keras, "Adam", RULES["Adam"] | ALL_OPTIONS[option])


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.slow
def test_each_network(build: Callable[[Any], Any], keras: Any) -> None:
    check(build, keras, "Adam", RULES["Adam"])


@pytest.mark.slow
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "Adam"])
@pytest.mark.parametrize("option", ALL_OPTIONS)
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # Ftrl begins with a large step
def test_each_rule_with_each_option(rule: str, option: str, keras: Any) -> None:
    check(bag, keras, rule, RULES[rule] | ALL_OPTIONS[option])


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.slow
def test_training_of_a_file_goes_on(suffix: str, keras: Any, tmp_path: Path) -> None:
    """An LSTM over words, written by Keras in the middle of its training by Adam."""
    keras.utils.set_random_seed(3)
    model = sequence(keras)
    x, y = draw(model)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(x, y, **FIT)
    path = tmp_path / f"model.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    ours = read_model(path)
    found, expected = (each.fit(x, y, **FIT).history["loss"] for each in (ours, model))
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    ours.save(tmp_path / "model.nnc")
    program = nnc.load(tmp_path / "model.nnc")
    found, expected = (each.fit(x, y, **FIT).history["loss"] for each in (program, model))
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
