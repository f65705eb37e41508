"""Keras, on the engine that KERAS_BACKEND names: `fit`, `predict`, and the quickest way to call a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy

from benchmarks.contestant import Contestant, calling, fitting
from benchmarks.networks import NETWORKS, first_batch, rows_of


def fit(network: str, **options: Any) -> Contestant:
    """Return a contestant that trains epochs, with options of `compile`."""
    found = NETWORKS[network]
    return fitting(found.make(keras, **options), found.data(), found.batch)


def step(network: str) -> Contestant:
    """Return a contestant that trains one batch."""
    return fitting(NETWORKS[network].make(keras), first_batch(network), NETWORKS[network].batch)


def predict(network: str, rows: int) -> Contestant:
    """Return a contestant that calls `predict`."""
    model, x = NETWORKS[network].make(keras), rows_of(network, rows)
    return calling(lambda: model.predict(x, verbose=0))


def function(network: str, rows: int) -> Contestant:
    """Return a contestant that calls the model within a TensorFlow function."""
    import tensorflow

    found = tensorflow.function(NETWORKS[network].make(keras), jit_compile=False)
    x = rows_of(network, rows)
    return calling(lambda: numpy.asarray(found(x)))


def jitted(network: str, rows: int) -> Contestant:
    """Return a contestant that calls the model without state within a jitted function of JAX's."""
    import jax

    model, x = NETWORKS[network].make(keras), rows_of(network, rows)
    trained, others = (
        [variable.value for variable in found] for found in (model.trainable_variables, model.non_trainable_variables)
    )
    found = jax.jit(lambda trained, others, x: model.stateless_call(trained, others, x, training=False)[0])
    return calling(lambda: numpy.asarray(found(trained, others, x)))
