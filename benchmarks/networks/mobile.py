"""Networks on pictures, as Keras's applications have them, and one for small machines that hears keywords."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

PICTURES = (8, 224, 224, 3)
SPECTRA = (8, 49, 10, 1)
"""A second of speech: 49 windows of 10 coefficients."""
KEYWORDS = 12


def pictures() -> Any:
    """Return random colour pictures from 0 to 255 as float32."""
    return 255 * numpy.random.default_rng(2).random(PICTURES, "float32")


def spectra() -> Any:
    """Return random coefficients as float32."""
    return numpy.random.default_rng(2).standard_normal(SPECTRA).astype("float32")


def application(nn: Any, name: str, activation: str | None = "softmax") -> Any:
    """Return one of Keras's applications for one thousand classes.

    Args:
        nn: the engine, `nnc` or `keras`.
        name: of the application.
        activation: of the classes; None where random weights make probabilities that are 0 but for one.
    """
    return seeded(getattr(nn.applications, name)(weights=None, classifier_activation=activation))


def keyword_spotter(nn: Any) -> Any:
    """Return the separable network of Y. Zhang and others, "Hello edge: keyword spotting on microcontrollers", 2017."""
    layers = nn.layers

    def normalized(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    x = start = nn.Input(SPECTRA[1:])
    x = normalized(layers.Conv2D(64, (10, 4), strides=2, padding="same", use_bias=False)(x))
    for _ in range(4):
        x = normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
        x = normalized(layers.Conv2D(64, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return seeded(nn.Model(start, layers.Dense(KEYWORDS, activation="softmax")(x)))
