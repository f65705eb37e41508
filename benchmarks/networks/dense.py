"""The networks of dense layers, written once: `nn` is nnc, Keras, or anything else that has their layers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy

BASE_WIDTHS = (2, 2, 1)
BASE_ROWS, BASE_BATCH, BASE_RATE = 128, 32, 0.1
BASE_STEPS = BASE_ROWS // BASE_BATCH
MLP_WIDTHS = (784, 512, 256, 10)
MLP_ROWS, MLP_BATCH, MLP_RATE = 2048, 128, 0.001
DIGITS_WIDTHS = (64, 32, 10)
DIGITS_ROWS, DIGITS_BATCH = 1797, 32


def base_data() -> tuple[Any, Any]:
    """Return 128 points of the plane and whether x₀² > x₁, as float32."""
    x = numpy.random.default_rng(2).standard_normal((BASE_ROWS, 2)).astype("float32")
    return x, (x[:, :1] ** 2 > x[:, 1:]).astype("float32")


def mlp_data() -> tuple[Any, Any]:
    """Return random pictures as float32 and random classes as int32."""
    return _pictures(MLP_ROWS, MLP_WIDTHS)


def digits_data() -> tuple[Any, Any]:
    """Return as many random pictures as scikit-learn has of digits, of their size, and random classes."""
    return _pictures(DIGITS_ROWS, DIGITS_WIDTHS)


def _pictures(rows: int, widths: tuple[int, ...]) -> tuple[Any, Any]:
    generator = numpy.random.default_rng(2)
    x = generator.random((rows, widths[0]), "float32")
    return x, generator.integers(0, widths[-1], rows, "int32")


def weights(widths: tuple[int, ...], replica: int | None = None) -> list[tuple[Any, Any]]:
    """Return a kernel and a bias per layer, the same numbers for every engine.

    Args:
        widths: of the layers, that of the inputs first.
        replica: number of a replica, which has weights of its own; None for a network alone.
    """
    generator = numpy.random.default_rng(3 if replica is None else [3, replica])
    pairs = []
    for inputs, units in pairwise(widths):
        limit = (6.0 / (inputs + units)) ** 0.5
        kernel = generator.uniform(-limit, limit, (inputs, units)).astype("float32")
        pairs.append((kernel, numpy.zeros(units, "float32")))
    return pairs


def weights_of_replicas(widths: tuple[int, ...], count: int) -> list[Any]:
    """Return kernels and biases in turn, each with a part per replica, (count, *shape)."""
    flat = [[array for pair in weights(widths, replica) for array in pair] for replica in range(count)]
    return [numpy.stack(parts) for parts in zip(*flat, strict=True)]


def base(nn: Any, **options: Any) -> Any:
    """Return the 2-2-1 sigmoid network, compiled with SGD and binary cross-entropy, and with further options."""
    dense = nn.layers.Dense
    model = nn.Sequential([nn.Input((2,)), dense(2, activation="sigmoid"), dense(1, activation="sigmoid")])
    model.set_weights([array for pair in weights(BASE_WIDTHS) for array in pair])
    optimizer = nn.optimizers.SGD(BASE_RATE)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"], **options)
    return model


def mlp(nn: Any, **options: Any) -> Any:
    """Return the 784-512-256-10 network, compiled with Adam and sparse categorical cross-entropy."""
    return _classifier(nn, MLP_WIDTHS, options)


def digits(nn: Any, **options: Any) -> Any:
    """Return the 64-32-10 network, compiled like the large one."""
    return _classifier(nn, DIGITS_WIDTHS, options)


def _classifier(nn: Any, widths: tuple[int, ...], options: Mapping[str, Any]) -> Any:
    dense = nn.layers.Dense
    hidden = [dense(units, activation="relu") for units in widths[1:-1]]
    model = nn.Sequential([nn.Input(widths[:1]), *hidden, dense(widths[-1], activation="softmax")])
    model.set_weights([array for pair in weights(widths) for array in pair])
    optimizer = nn.optimizers.Adam(MLP_RATE)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model
