"""Many dense layers of few units, each added to what it reads: a network that takes longer to compile than to run."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy

ROWS, WIDTH, CLASSES, RATE = 32, 64, 10, 0.001
DEPTHS = (30, 100, 300)
SCALE = 0.02
"""Standard deviation of kernels, so small that 300 sums stay as large as what the first one reads."""


def data() -> tuple[Any, Any]:
    """Return one batch of random rows as float32, and random classes as int32."""
    generator = numpy.random.default_rng(2)
    return generator.standard_normal((ROWS, WIDTH)).astype("float32"), generator.integers(0, CLASSES, ROWS, "int32")


def weights(depth: int) -> list[Any]:
    """Return a kernel and a bias per layer, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    arrays = []
    for inputs, units in pairwise((*[WIDTH] * (depth + 1), CLASSES)):
        arrays += [SCALE * generator.standard_normal((inputs, units)), numpy.zeros(units)]
    return [array.astype("float32") for array in arrays]


def network(nn: Any, depth: int, **options: Any) -> Any:
    """Return ``x + Dense(64, gelu)(x)`` so many times and a dense layer of classes, compiled with Adam."""
    dense = nn.layers.Dense
    x = start = nn.Input((WIDTH,))
    for _ in range(depth):
        x = nn.layers.Add()([x, dense(WIDTH, activation="gelu")(x)])
    model = nn.Model(start, dense(CLASSES, activation="softmax")(x))
    model.set_weights(weights(depth))
    optimizer = nn.optimizers.Adam(RATE)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model
