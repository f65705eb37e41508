"""Keras on TensorFlow: the networks on pictures, ``fit`` and ``predict`` as its users call them."""

from __future__ import annotations

from benchmarks.image_networks import CNN_BATCH, cnn_data, network, picture, small_cnn
from benchmarks.worker import Run


def training() -> dict[str, Run]:
    """Return a contestant that trains epochs of the small network."""
    from tensorflow import keras

    model, (x, y) = small_cnn(keras), cnn_data()
    return {"tf.keras fit": lambda epochs: model.fit(x, y, batch_size=CNN_BATCH, epochs=epochs, verbose=0)}


def predicting(name: str) -> dict[str, Run]:
    """Return contestants that predict one picture."""
    import numpy
    import tensorflow
    from tensorflow import keras

    model, x = network(keras, name), picture()
    function = tensorflow.function(model, jit_compile=False)

    def predict(count: int) -> None:
        for _ in range(count):
            model.predict(x, verbose=0)

    def call(count: int) -> None:
        for _ in range(count):
            numpy.asarray(function(x))

    return {"tf.keras predict": predict, "tf.function of the Keras model": call}
