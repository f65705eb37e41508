"""An LSTM of 64 units over 64 steps of 32 numbers, with a dense layer behind it or alone."""

from __future__ import annotations

from typing import Any

import numpy

ROWS, BATCH, TIME, FEATURES, UNITS, RATE = 512, 32, 64, 32, 64, 0.001
SHAPES = ((FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, 1), (1,))
"""Of the weights, in Keras's order."""


def data() -> tuple[Any, Any]:
    """Return random sequences and a number for each, as float32."""
    generator = numpy.random.default_rng(2)
    return generator.random((ROWS, TIME, FEATURES), "float32"), generator.random((ROWS, 1), "float32")


def weights() -> list[Any]:
    """Return the weights, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    return [generator.normal(0.0, shape[0] ** -0.5, shape).astype("float32") for shape in SHAPES]


def network(nn: Any, **options: Any) -> Any:
    """Return an LSTM and a dense layer behind it, compiled with Adam and the mean squared error."""
    model = nn.Sequential([nn.Input((TIME, FEATURES)), nn.layers.LSTM(UNITS), nn.layers.Dense(1)])
    model.set_weights(weights())
    model.compile(optimizer=nn.optimizers.Adam(RATE), loss="mean_squared_error", **options)
    return model


def layer_alone(nn: Any) -> Any:
    """Return the LSTM alone, to predict with."""
    model = nn.Sequential([nn.Input((TIME, FEATURES)), nn.layers.LSTM(UNITS)])
    model.set_weights(weights()[:3])
    return model
