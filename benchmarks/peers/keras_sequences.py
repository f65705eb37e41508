"""Keras on TensorFlow: the networks on sequences, ``fit`` as its users call it."""

from __future__ import annotations

from benchmarks import recurrent, transformer
from benchmarks.driving import fitting
from benchmarks.worker import Contestant


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs of the recurrent network."""
    from tensorflow import keras

    return {"tf.keras fit": fitting(recurrent.network(keras), recurrent.data(), recurrent.BATCH)}


def encoder() -> dict[str, Contestant]:
    """Return contestants that train epochs of the transformer encoder."""
    from tensorflow import keras

    model = transformer.network(keras)
    return {"tf.keras fit": fitting(model, transformer.data(), transformer.BATCH)}
