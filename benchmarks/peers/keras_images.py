"""Keras on TensorFlow: the networks on pictures, ``fit`` and ``predict`` as its users call them."""

from __future__ import annotations

from benchmarks.driving import calling, fitting
from benchmarks.image_networks import CNN_BATCH, cnn_data, network, picture, small_cnn
from benchmarks.worker import Contestant


def training() -> dict[str, Contestant]:
    """Return a contestant that trains epochs of the small network."""
    from tensorflow import keras

    return {"tf.keras fit": fitting(small_cnn(keras), cnn_data(), CNN_BATCH)}


def predicting(name: str) -> dict[str, Contestant]:
    """Return contestants that predict one picture."""
    import numpy
    import tensorflow
    from tensorflow import keras

    model, x = network(keras, name), picture()
    function = tensorflow.function(model, jit_compile=False)
    return {
        "tf.keras predict": calling(lambda: model.predict(x, verbose=0)),
        "tf.function of the Keras model": calling(lambda: numpy.asarray(function(x))),
    }
