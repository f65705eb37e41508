"""Keras on TensorFlow: the recurrent network, ``fit`` as its users call it."""

from __future__ import annotations

from benchmarks.recurrent import BATCH, data, network
from benchmarks.worker import Run


def contestants() -> dict[str, Run]:
    """Return a contestant that trains epochs."""
    from tensorflow import keras

    model, (x, y) = network(keras), data()
    return {"tf.keras fit": lambda epochs: model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)}
