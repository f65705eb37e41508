"""Live models whose call takes several tensors, beside the same call in a functional model, which Keras can train."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.readers import read_model
from nnc.verify.verification import verify


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def two(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.out = (keras.layers.Dense(units) for units in (4, 4, 2))

        def build(self, left_shape, right_shape):
            self.first.build(left_shape)
            self.second.build(right_shape)
            self.out.build((None, 4))

        def call(self, left, right):
            return self.out(keras.ops.tanh(self.first(left)) - self.second(right))

    return Net(), {"left": (8, 6), "right": (8, 3)}


def indices_and_numbers(keras):
    class Net(keras.Model):
        def build(self, numbers_shape, user_shape):
            self.table = self.add_weight(shape=(7, 2), initializer="normal")
            self.kernel = self.add_weight(shape=(numbers_shape[-1], 2), initializer="normal")

        def call(self, numbers, user, training=False):
            chosen = keras.ops.take(self.table, user, axis=0)
            return keras.ops.matmul(numbers, self.kernel) * chosen * (2.0 if training else 1.0)

    return Net(), {"numbers": (8, 4), "user": (8,)}


def optional(keras):
    class Net(keras.Model):
        def build(self, x_shape, scale_shape, context_shape=None):
            self.kernel = self.add_weight(shape=(x_shape[-1], 2), initializer="normal")

        def call(self, x, scale, context=None):
            return keras.ops.matmul(x * scale if context is None else x * context, self.kernel)

    return Net(), {"x": (8, 6), "scale": (8, 6)}


def optional_given(keras):
    made, shapes = optional(keras)
    return made, {**shapes, "context": (8, 6)}


def by_name_only(keras):
    class Net(keras.Model):
        def build(self, x_shape, shift_shape):
            self.kernel = self.add_weight(shape=(x_shape[-1], 3), initializer="normal")

        def call(self, x, *, shift):
            return keras.ops.matmul(x, self.kernel) + shift

    return Net(), {"x": (8, 6), "shift": (8, 3)}


def nested(keras):
    class Net(keras.Model):
        def build(self, inputs_shape, states_shape):
            self.first = self.add_weight(shape=(4, 3), initializer="normal")
            self.second = self.add_weight(shape=(2, 3), initializer="normal")

        def call(self, inputs, states):
            low, high = states
            return inputs["b"] @ self.first * inputs["a"] + low @ self.second - high

    return Net(), {"inputs": {"b": (8, 4), "a": (8, 3)}, "states": [(8, 2), (8, 3)]}


MODELS = (two, indices_and_numbers, optional, optional_given, by_name_only, nested)


def arrays(shape: Any, generator: numpy.random.Generator) -> Any:
    if isinstance(shape, dict):
        return {key: arrays(part, generator) for key, part in shape.items()}
    if isinstance(shape, list):
        return [arrays(part, generator) for part in shape]
    if len(shape) == 1:
        return generator.integers(0, 7, shape).astype("int32")
    return generator.uniform(0.5, 1.5, shape).astype("float32")


def flat_names(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arrays by the names of the inputs."""
    found = {}
    for name, item in given.items():
        parts = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        found |= {f"{name}_{key}": part for key, part in parts} or {name: item}
    return found


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
@pytest.mark.sampled(1)
def test_they_are_models_of_several_inputs(make, keras):
    keras.utils.set_random_seed(3)
    theirs, shapes = make(keras)
    generator = numpy.random.default_rng(4)
    given = arrays(shapes, generator)
    expected = numpy.asarray(theirs(**keras.tree.map_structure(keras.ops.convert_to_tensor, given)))
    symbols = keras.tree.map_structure(lambda x: keras.Input(x.shape[1:], dtype=str(x.dtype)), given)
    functional = keras.Model(keras.tree.flatten(symbols), theirs(**symbols))
    for model in (theirs, functional):
        model.compile(keras.optimizers.SGD(0.002), "mse", run_eagerly=True)

    in_order = keras.tree.flatten(given)
    names, named = read_model(theirs).input_names, flat_names(given)
    assert set(names) == set(named)
    assert verify(theirs).agrees
    programs = [nnc.compile(model, backend=backend) for model in (theirs, functional) for backend in ("numpy", "c")]
    y = generator.uniform(-1.0, 1.0, expected.shape).astype("float32")
    losses = [float(functional.train_on_batch(in_order, y)) for _ in range(2)]
    for program, feed in zip(programs, [named, named, in_order, in_order], strict=True):
        numpy.testing.assert_allclose(program.predict(feed, verbose=0), expected, rtol=1e-5, atol=1e-6)
        history = program.fit(feed, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        numpy.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)


def test_shapes_that_keras_does_not_note_are_asked_for(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x, y):
            return self.dense(x) + y

    net = Net()
    left, right = numpy.ones((2, 3), "float32"), numpy.ones((2, 2), "float32")
    expected = numpy.asarray(net(left, right))
    with pytest.raises(ModelError, match=r"\(Net\) takes several .*, keras\.Model\(\[x, y\], model\(x, y\)\)"):
        nnc.compile(net)
    x, y = keras.Input((3,)), keras.Input((2,))
    program = nnc.compile(keras.Model([x, y], net(x, y)))
    numpy.testing.assert_allclose(program.predict([left, right], verbose=0), expected, rtol=1e-6)


def test_arguments_without_names_are_asked_for(keras):
    class Net(keras.Model):
        def call(self, *args):
            return args[0] + args[1]

    net = Net()
    net(numpy.ones((2, 3), "float32"), numpy.ones((2, 3), "float32"))
    with pytest.raises(ModelError, match=r"Keras notes no shapes of \*args; name the arguments of its call"):
        nnc.compile(net)
