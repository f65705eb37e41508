"""The two networks and their data: made by nnc, and described for its peers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from nnc import Sequential

BASE_WIDTHS = (2, 2, 1)
BASE_ROWS, BASE_BATCH, BASE_RATE = 128, 32, 0.1
BASE_STEPS = BASE_ROWS // BASE_BATCH
MLP_WIDTHS = (784, 512, 256, 10)
MLP_ROWS, MLP_BATCH, MLP_RATE = 2048, 128, 0.001
MLP_STEPS = MLP_ROWS // MLP_BATCH


def base_data() -> tuple[Any, Any]:
    """Return 128 points of the plane and whether x₀² > x₁, as float32."""
    x = numpy.random.default_rng(2).standard_normal((BASE_ROWS, 2)).astype("float32")
    return x, (x[:, :1] ** 2 > x[:, 1:]).astype("float32")


def mlp_data() -> tuple[Any, Any]:
    """Return random pictures as float32 and random classes as int32."""
    generator = numpy.random.default_rng(2)
    x = generator.random((MLP_ROWS, MLP_WIDTHS[0]), "float32")
    return x, generator.integers(0, MLP_WIDTHS[-1], MLP_ROWS, "int32")


def weights(widths: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Return a kernel and a bias per layer, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    pairs = []
    for inputs, units in pairwise(widths):
        limit = (6.0 / (inputs + units)) ** 0.5
        kernel = generator.uniform(-limit, limit, (inputs, units)).astype("float32")
        pairs.append((kernel, numpy.zeros(units, "float32")))
    return pairs


def nnc_base(backend: str = "numpy") -> Sequential:
    """Return nnc's 2-2-1 sigmoid network, compiled with SGD and binary cross-entropy."""
    import nnc

    layers = nnc.layers
    model = nnc.Sequential([layers.Dense(2, input_dim=2, activation="sigmoid"), layers.Dense(1, activation="sigmoid")])
    model.set_weights([array for pair in weights(BASE_WIDTHS) for array in pair])
    model.compile(optimizer=nnc.optimizers.SGD(BASE_RATE), loss="binary_crossentropy", metrics=["accuracy"])
    model.backend = backend
    return model


def nnc_mlp(backend: str = "numpy") -> Sequential:
    """Return nnc's 784-512-256-10 network, compiled with Adam and sparse categorical cross-entropy."""
    import nnc

    layers = nnc.layers
    model = nnc.Sequential(
        [
            layers.Dense(512, input_dim=784, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights([array for pair in weights(MLP_WIDTHS) for array in pair])
    model.compile(optimizer=nnc.optimizers.Adam(MLP_RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.backend = backend
    return model
