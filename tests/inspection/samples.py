"""Models to look into."""

from __future__ import annotations

import nnc


def convolutional(**options: object) -> nnc.Sequential:
    """Convolution, batch normalisation, pooling, dense layers."""
    layers = nnc.layers
    model = nnc.Sequential(
        [
            nnc.Input((10, 10, 3), name="image"),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(5, activation="softmax", name="classes"),
        ],
        name="small",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def recurrent() -> nnc.Sequential:
    """An LSTM and a dense layer."""
    model = nnc.Sequential(
        [nnc.Input((7, 3)), nnc.layers.LSTM(6, name="memory"), nnc.layers.Dense(2, name="out")], name="sequences"
    )
    model.compile("sgd", "mse")
    return model


def nested(name: str = "inner") -> nnc.Model:
    """A model with another model inside, which is called twice."""
    layers = nnc.layers
    inner = nnc.Sequential([nnc.Input((4,)), layers.Dense(4, name="dense"), layers.ReLU(name="ramp")], name=name)
    left, right = nnc.Input((4,), name="left"), nnc.Input((4,), name="right")
    joined = layers.Concatenate(name="joined")([inner(left), inner(right)])
    model = nnc.Model([left, right], layers.Dense(1, name="out")(joined), name="twins")
    model.compile("sgd", "mse")
    return model
