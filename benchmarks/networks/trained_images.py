"""Networks on pictures as they are trained: two of Keras's applications on small ones, and one of dense blocks."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

CLASSES, BATCHES = 100, 2
RATE = 3e-5
"""So small that engines, which round differently, agree: batches are few for so much normalisation."""
MOBILENET_SIDE, MOBILENET_BATCH = 96, 16
RESNET_SIDE, RESNET_BATCH = 112, 8
DENSENET_SIDE, DENSENET_BATCH = 32, 32


def data(side: int, batch: int) -> tuple[Any, Any]:
    """Return random pictures as float32 and random classes as int32, two batches of them."""
    generator = numpy.random.default_rng(2)
    x = generator.standard_normal((BATCHES * batch, side, side, 3)).astype("float32")
    return x, generator.integers(0, CLASSES, len(x), "int32")


def application(nn: Any, name: str, side: int, **options: Any) -> Any:
    """Return one of Keras's applications, compiled."""
    return _compiled(
        nn, getattr(nn.applications, name)(input_shape=(side, side, 3), weights=None, classes=CLASSES), options
    )


def densenet(nn: Any, **options: Any) -> Any:
    """Return three blocks of G. Huang and others, "Densely connected convolutional networks", 2016, compiled."""
    layers = nn.layers

    def convolved(x: Any, filters: int, size: int) -> Any:
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        return layers.Conv2D(filters, size, padding="same", use_bias=False)(x)

    start = nn.Input((DENSENET_SIDE, DENSENET_SIDE, 3))
    x, channels = layers.Conv2D(24, 3, padding="same", use_bias=False)(start), 24
    for block in range(3):
        for _ in range(4):
            x = layers.Concatenate()([x, convolved(convolved(x, 48, 1), 12, 3)])
            channels += 12
        if block < 2:
            channels //= 2
            x = layers.AveragePooling2D(2)(convolved(x, channels, 1))
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(layers.BatchNormalization()(x)))
    return _compiled(nn, nn.Model(start, layers.Dense(CLASSES, activation="softmax")(x)), options)


def _compiled(nn: Any, model: Any, options: dict[str, Any]) -> Any:
    seeded(model).compile(
        optimizer=nn.optimizers.SGD(RATE, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **options,
    )
    return model
