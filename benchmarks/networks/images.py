"""Networks on pictures, written once: `nn` is nnc, Keras, or anything else that has their layers."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import set_weights

CNN_ROWS, CNN_BATCH, CNN_RATE = 1024, 64, 0.001
CNN_FLAT = 5 * 5 * 64
PICTURE = (224, 224, 3)
RESNET_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Filters, blocks, and strides of the first of these."""
RESNET_EPSILON = 1.001e-5
MOBILENET_STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""How many times as many channels are between the convolutions of a block, then as above."""
MOBILENET_NORMALIZATION = {"epsilon": 1e-3, "momentum": 0.999}


def cnn_data() -> tuple[Any, Any]:
    """Return random grey pictures as float32 and random classes as int32."""
    generator = numpy.random.default_rng(2)
    x = generator.random((CNN_ROWS, 28, 28, 1), "float32")
    return x, generator.integers(0, 10, CNN_ROWS, "int32")


def picture() -> Any:
    """Return one random colour picture as float32."""
    return numpy.random.default_rng(2).random((1, *PICTURE), "float32")


def small_cnn(nn: Any, **options: Any) -> Any:
    """Return conv32-pool-conv64-pool-dense128-dense10, compiled with Adam and sparse categorical cross-entropy."""
    model = set_weights(nn.Sequential([nn.Input((28, 28, 1)), *small_cnn_layers(nn.layers)]))
    optimizer = nn.optimizers.Adam(CNN_RATE)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def small_cnn_layers(layers: Any) -> list[Any]:
    """Return the layers of the small network."""
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def network(nn: Any, name: str) -> Any:
    """Return ``resnet50`` or ``mobilenet_v2`` for one thousand classes."""
    x = nn.Input(PICTURE)
    return set_weights(nn.Model(x, laid(nn, name, x)))


def laid(nn: Any, name: str, x: Any) -> Any:
    """Lay the layers of ``resnet50`` or ``mobilenet_v2`` on pictures, and return what comes out."""
    return {"resnet50": resnet50, "mobilenet_v2": mobilenet_v2}[name](nn, x)


def resnet50(nn: Any, x: Any) -> Any:
    """Lay the layers of K. He and others, "Deep residual learning for image recognition", 2015, as Keras has them."""
    layers = nn.layers

    def convolved(x: Any, filters: int, size: int, strides: int = 1, padding: str = "valid") -> Any:
        return layers.BatchNormalization(epsilon=RESNET_EPSILON)(
            layers.Conv2D(filters, size, strides=strides, padding=padding)(x)
        )

    x = layers.ZeroPadding2D(3)(x)
    x = layers.Activation("relu")(convolved(x, 64, 7, 2))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    for filters, blocks, first in RESNET_STAGES:
        for block in range(blocks):
            strides = first if block == 0 else 1
            shortcut = convolved(x, 4 * filters, 1, strides) if block == 0 else x
            y = layers.Activation("relu")(convolved(x, filters, 1, strides))
            y = layers.Activation("relu")(convolved(y, filters, 3, padding="same"))
            x = layers.Activation("relu")(layers.Add()([shortcut, convolved(y, 4 * filters, 1)]))
    return layers.Dense(1000, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def mobilenet_v2(nn: Any, x: Any) -> Any:
    """Lay the layers of M. Sandler and others, "MobileNetV2", 2018, as Keras has them."""
    layers = nn.layers

    def normalized(x: Any) -> Any:
        return layers.BatchNormalization(**MOBILENET_NORMALIZATION)(x)

    def cut_off(x: Any) -> Any:
        return layers.ReLU(max_value=6.0)(x)

    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(x)
    x, channels = cut_off(normalized(x)), 32
    for expansion, filters, blocks, first in MOBILENET_STAGES:
        for block in range(blocks):
            strides, y = first if block == 0 else 1, x
            if expansion > 1:
                y = cut_off(normalized(layers.Conv2D(expansion * channels, 1, use_bias=False)(y)))
            if strides == 2:
                y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
            padding = "valid" if strides == 2 else "same"
            y = cut_off(normalized(layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(y)))
            y = normalized(layers.Conv2D(filters, 1, use_bias=False)(y))
            x = layers.Add()([x, y]) if block > 0 else y
            channels = filters
    x = cut_off(normalized(layers.Conv2D(1280, 1, use_bias=False)(x)))
    return layers.Dense(1000, activation="softmax")(layers.GlobalAveragePooling2D()(x))
