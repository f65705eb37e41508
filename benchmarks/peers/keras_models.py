"""Keras on TensorFlow: ``fit`` and ``predict`` as its users call them."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.driving import calling, fitting
from benchmarks.networks import (
    BASE_BATCH,
    BASE_RATE,
    BASE_STEPS,
    BASE_WIDTHS,
    MLP_BATCH,
    MLP_RATE,
    MLP_STEPS,
    MLP_WIDTHS,
    base_data,
    mlp_data,
    weights,
)
from benchmarks.worker import Contestant


def _base(steps_per_execution: int = 1) -> Any:
    from tensorflow import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, activation="sigmoid"), layers.Dense(1, activation="sigmoid")]
    )
    model.set_weights([array for pair in weights(BASE_WIDTHS) for array in pair])
    model.compile(
        optimizer=keras.optimizers.SGD(BASE_RATE),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    return model


def _mlp(steps_per_execution: int = 1) -> Any:
    from tensorflow import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights([array for pair in weights(MLP_WIDTHS) for array in pair])
    model.compile(
        optimizer=keras.optimizers.Adam(MLP_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    return model


def base() -> dict[str, Contestant]:
    """Return contestants that train epochs of the base network."""
    data = base_data()
    return {
        "tf.keras fit": fitting(_base(), data, BASE_BATCH),
        "tf.keras fit, an epoch per execution": fitting(_base(BASE_STEPS), data, BASE_BATCH),
    }


def mlp() -> dict[str, Contestant]:
    """Return contestants that train epochs of the MLP."""
    data = mlp_data()
    return {
        "tf.keras fit": fitting(_mlp(), data, MLP_BATCH),
        "tf.keras fit, an epoch per execution": fitting(_mlp(MLP_STEPS), data, MLP_BATCH),
    }


def latency(network: str, rows: int) -> dict[str, Contestant]:
    """Return contestants that predict one batch."""
    import tensorflow

    model = _base() if network == "base" else _mlp()
    x = (base_data() if network == "base" else mlp_data())[0][:rows]
    function = tensorflow.function(model, jit_compile=False)
    return {
        "tf.keras predict": calling(lambda: model.predict(x, verbose=0)),
        "tf.function of the Keras model": calling(lambda: numpy.asarray(function(x))),
    }
