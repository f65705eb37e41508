"""Random numbers beside Keras's: arguments, types, moments; the same by seed; in a graph other ones in each run."""

from __future__ import annotations

import inspect
import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError

LOGITS = numpy.log(numpy.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], "float32"))
SEEDS = nnc.random.SeedGenerator(1)
X = numpy.arange(1.0, 40_001.0, dtype="float32").reshape(200, 200)
SHAPE = (200, 200)
CALLS = {
    "beta": lambda random, seed: random.beta(SHAPE, 2.0, 3.0, seed=seed),
    "binomial": lambda random, seed: random.binomial(SHAPE, 9, 0.3, seed=seed),
    "categorical": lambda random, seed: random.categorical(LOGITS, 20_000, seed=seed),
    "dropout": lambda random, seed: random.dropout(numpy.ones(SHAPE, "float32"), 0.3, seed=seed),
    "dropout of rows": lambda random, seed: random.dropout(X, 0.5, noise_shape=(200, 1), seed=seed) * 0,
    "gamma": lambda random, seed: random.gamma(SHAPE, 2.5, seed=seed),
    "normal": lambda random, seed: random.normal(SHAPE, 0.5, 2.0, seed=seed),
    "normal of another type": lambda random, seed: random.normal(SHAPE, dtype="float64", seed=seed),
    "randint": lambda random, seed: random.randint(SHAPE, -3, 9, seed=seed),
    "shuffle": lambda random, seed: random.shuffle(X, axis=1, seed=seed),
    "truncated_normal": lambda random, seed: random.truncated_normal(SHAPE, 0.5, 2.0, seed=seed),
    "uniform": lambda random, seed: random.uniform(SHAPE, -1.0, 3.0, seed=seed),
}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def test_names_and_arguments_are_those_of_keras(keras):
    theirs = [name for name in dir(keras.random) if name[0] != "_"]
    assert nnc.random.__all__ == sorted(theirs)
    for name in theirs:
        one, other = (inspect.signature(getattr(module, name)).parameters for module in (nnc.random, keras.random))
        assert [(p.name, p.default) for p in one.values()] == [(p.name, p.default) for p in other.values()], name


@pytest.mark.parametrize("name", CALLS)
def test_distributions_are_those_of_keras(keras, name):
    found, expected = numpy.asarray(CALLS[name](nnc.random, 1)), numpy.asarray(CALLS[name](keras.random, 1))
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    spread = expected.std() + 1e-6
    assert abs(found.mean() - expected.mean()) < 0.05 * spread  # ten times what chance makes of 40,000 numbers
    assert abs(found.std() - expected.std()) < 0.05 * spread
    assert found.min() >= expected.min() - 2.0 * spread
    assert found.max() <= expected.max() + 2.0 * spread


@pytest.mark.parametrize("name", [name for name in CALLS if name != "dropout of rows"])
def test_numbers_are_the_same_by_seed_alone(name):
    call = CALLS[name]
    numpy.testing.assert_array_equal(call(nnc.random, 3), call(nnc.random, 3))
    assert (call(nnc.random, 3) != call(nnc.random, 4)).any()
    seeds = nnc.random.SeedGenerator(5)
    first, second = call(nnc.random, seeds), call(nnc.random, seeds)
    assert (first != second).any()
    again = nnc.random.SeedGenerator.from_config(seeds.get_config())
    numpy.testing.assert_array_equal(call(nnc.random, again), first)
    nnc.utils.set_random_seed(1)
    first = call(nnc.random, None)
    nnc.utils.set_random_seed(1)
    numpy.testing.assert_array_equal(call(nnc.random, None), first)


def noisy(draw):
    class Noise(nnc.layers.Layer):
        def call(self, x):
            return draw(x)

    return nnc.Sequential([nnc.Input((200,)), Noise()])


IN_GRAPHS = {
    "normal": (lambda x: x * 0.0 + nnc.random.normal(nnc.ops.shape(x), 0.5, 2.0), 0.5, 2.0),
    "uniform": (lambda x: x * 0.0 + nnc.random.uniform(nnc.ops.shape(x), -1.0, 3.0), 1.0, 4 / 12**0.5),
    "dropout": (lambda x: nnc.random.dropout(x * 0.0 + 1.0, 0.3), 1.0, (0.3 / 0.7) ** 0.5),
    "a generator": (
        lambda x: x * 0.0 + nnc.random.normal((200,), 0.0, 1.0, seed=SEEDS),
        0.0,
        1.0,
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("name", IN_GRAPHS)
def test_a_graph_draws_in_each_run(name, backend):
    draw, mean, deviation = IN_GRAPHS[name]
    program = nnc.compile(noisy(draw), backend=backend)
    found, other = program.predict(X, verbose=0), program.predict(X, verbose=0)
    assert (found != other).any()
    assert abs(found.mean() - mean) < 0.2 * deviation
    assert abs(found.std() - deviation) < 0.2 * deviation


def test_a_seed_draws_the_same_in_each_run_as_in_keras():
    program = nnc.compile(noisy(lambda x: x * 0.0 + nnc.random.normal((200,), seed=3)))
    found = program.predict(X, verbose=0)
    numpy.testing.assert_array_equal(found, numpy.broadcast_to(nnc.random.normal((200,), seed=3), X.shape))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda x: nnc.random.normal(nnc.ops.shape(x), seed=1), "need a shape that is known before"),
        (lambda x: nnc.random.dropout(x, 0.5, seed=1), "random.dropout: a number as seed draws the same in each run"),
        (lambda x: nnc.random.binomial((3,), 2, 0.5), "random.binomial cannot be drawn in a graph; there are beta, "),
        (lambda x: nnc.random.normal((3,), mean=x), "random.normal: arguments must be numbers here"),
    ],
)
def test_what_a_graph_cannot_draw_is_refused_by_name(draw, message):
    with pytest.raises(ModelError, match=message):
        noisy(draw).predict(X, verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: nnc.random.normal((3,), seed=-1),
            "Argument `seed` must be an integer of at least 0, or a SeedGenerator",
        ),
        (
            lambda: nnc.random.SeedGenerator("one"),
            "Argument `seed` must be an integer of at least 0, or a SeedGenerator",
        ),
        (
            lambda: nnc.random.SeedGenerator(1, backend="x"),
            "Unrecognized keyword arguments for SeedGenerator: 'backend'",
        ),
        (
            lambda: nnc.random.shuffle(nnc.Input((3,))),
            r"random.shuffle: draw in a layer's call\(\), not between layers",
        ),
    ],
)
def test_arguments_that_are_none(call, message):
    with pytest.raises(ModelError, match=message):
        call()


def test_what_keras_refuses(keras):
    calls = [
        lambda module: module.random.randint((2,), 0, 3, dtype="float32"),
        lambda module: module.random.uniform((2,), dtype="int32"),
        lambda module: module.random.categorical(numpy.ones(5), 2),
    ]
    for call in calls:
        for module in (keras, nnc):
            with pytest.raises(ValueError):
                call(module)


def test_an_open_noise_shape():
    found = nnc.random.dropout(numpy.ones((4, 3, 50), "float32"), 0.5, noise_shape=(None, 1, None), seed=1)
    numpy.testing.assert_array_equal(found[:, 0], found[:, 2])
    assert set(numpy.unique(found)) == {0.0, 2.0}
    assert len(numpy.unique(found[:, 0], axis=0)) == 4
