"""The models of the zoo: what people train, each made by keras or by tf_keras alike."""

from __future__ import annotations

from typing import Any

import numpy

from tests.frontends.zoo.files import Animal


def sequential(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(5, "hard_sigmoid"),
            layers.Dense(6, activation=layers.LeakyReLU(0.2)),
            layers.Activation("softplus"),
            layers.Dense(2, "softmax"),
        ]
    )


def without_input(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(5, "relu", input_shape=(4,)), k.layers.Dense(2, "sigmoid")])


def with_dropout(k: Any) -> Any:
    layers = k.layers
    return k.Sequential([layers.Input((4,)), layers.Dense(9), layers.Dropout(0.5, seed=1), layers.Dense(1)])


def nested(k: Any) -> Any:
    """Models in models, one of them called twice in a row, another on other inputs as well."""
    layers = k.layers
    inner = k.Sequential([layers.Dense(4, "tanh", input_shape=(4,)), layers.Dense(4)], name="inner")
    x = layers.Input((4,))
    residual = k.Model(x, layers.Add()([layers.Dense(4)(x), x]), name="residual")
    y = residual(inner(inner(x)))
    return k.Model(x, layers.Dense(2)(layers.ReLU(6.0)(layers.Concatenate()([y, residual(x)]))))


def in_a_chain(k: Any) -> Any:
    """Models as layers of a Sequential."""
    layers = k.layers
    x = layers.Input((4,))
    first = k.Model(x, layers.Dense(3, "relu")(x))
    second = k.Sequential([layers.Dense(5, input_shape=(3,)), layers.Dense(2)])
    return k.Sequential([first, second, layers.Activation("tanh")])


def several_ends(k: Any) -> Any:
    layers = k.layers
    a, b = layers.Input((4,), name="a"), layers.Input((3,), name="b")
    shared = layers.Dense(3, "tanh", name="shared")
    joined = layers.Concatenate()([shared(a), b, shared(layers.Dense(4, name="wide")(b))])
    return k.Model([a, b], [layers.Dense(2, name="one")(joined), layers.Dense(1, name="two")(joined)])


def partly_frozen(k: Any) -> Any:
    layers = k.layers
    inner = k.Sequential([layers.Dense(4, "tanh", input_shape=(4,)), layers.Dense(3)], name="inner")
    inner.layers[0].trainable = False
    x = layers.Input((4,))
    return k.Model(x, layers.Dense(2)(inner(x)))


def integers(low: int, high: int) -> Any:
    """Return a maker of whole numbers."""

    def make(generator: numpy.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.integers(low, high, shape).astype("int32")

    return make


ANIMALS = [
    Animal("sequential", sequential),
    Animal("without input", without_input),
    Animal("with dropout", with_dropout, is_random=True),
    Animal("nested", nested),
    Animal("in a chain", in_a_chain),
    Animal("several ends", several_ends),
    Animal("partly frozen", partly_frozen),
]
