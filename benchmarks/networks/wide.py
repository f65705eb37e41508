"""Networks of few and large products, whose weights no cache holds."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

ROWS = 32
MLP_WIDTH, MLP_LAYERS = 4096, 4
INPUTS, CLASSES = 128, 20_000


def data(inputs: int) -> Any:
    """Return random rows as float32."""
    return numpy.random.default_rng(2).standard_normal((ROWS, inputs)).astype("float32")


def mlp(nn: Any) -> Any:
    """Return four layers of 4096 units."""
    dense = [nn.layers.Dense(MLP_WIDTH, activation="relu") for _ in range(MLP_LAYERS)]
    return seeded(nn.Sequential([nn.Input((MLP_WIDTH,)), *dense]))


def classifier(nn: Any) -> Any:
    """Return a dense layer from 128 numbers to probabilities of 20,000 classes."""
    return seeded(nn.Sequential([nn.Input((INPUTS,)), nn.layers.Dense(CLASSES, activation="softmax")]))
