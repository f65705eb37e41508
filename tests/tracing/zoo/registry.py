"""The list of small live models of Keras 3, each with one thing that its author wrote, and what makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[[Any], Any]
ZOO: dict[str, Make] = {}


def model(make: Make) -> Make:
    """List a model, which takes rows of 6 numbers between 0.5 and 1.5 unless its input says otherwise."""
    ZOO[make.__name__] = make
    return make


def chain(keras: Any, *layers: Any, shape: tuple[int | None, ...] = (6,)) -> Any:
    x = inputs = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def function(keras: Any, call: Callable[[Any], Any], shape: tuple[int | None, ...] = (6,)) -> Any:
    """A model of a layer whose ``call`` is a function, between two that are trained."""

    class Own(keras.layers.Layer):
        def call(self, x):
            return call(x)

    return chain(keras, keras.layers.Dense(6, name="first"), Own(), keras.layers.Dense(2, name="last"), shape=shape)


def built(keras: Any, made: Any, shape: tuple[int, ...] = (2, 6)) -> Any:
    made(keras.ops.zeros(shape))
    return made
