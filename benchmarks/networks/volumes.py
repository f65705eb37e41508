"""Networks whose outputs or inputs are spaces: convolutions of three dimensions, pictures out of pictures, a U-Net."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

ROWS, PICTURES = 4, 32
VOLUME, SLICE, PICTURE = (16, 64, 64, 1), (128, 128, 3), (64, 64, 3)
CLASSES = 21
UNET_ROWS, UNET_BATCH, UNET_RATE = 8, 4, 0.01


def data(shape: tuple[int, ...], rows: int = ROWS) -> Any:
    """Return random pictures or volumes as float32."""
    return numpy.random.default_rng(2).random((rows, *shape), "float32")


def unet_data() -> tuple[Any, Any]:
    """Return random pictures as float32, and which of two kinds each pixel is of, as int32."""
    generator = numpy.random.default_rng(2)
    return generator.random((UNET_ROWS, *SLICE), "float32"), generator.integers(0, 2, (UNET_ROWS, *SLICE[:2]), "int32")


def convolutions(nn: Any) -> Any:
    """Return convolutions and poolings of volumes, and ten classes."""
    layers = nn.layers
    x = start = nn.Input(VOLUME)
    for filters in (16, 32, 64):
        x = layers.MaxPooling3D(2)(layers.Conv3D(filters, 3, padding="same", activation="relu")(x))
    x = layers.GlobalAveragePooling3D()(x)
    return seeded(nn.Model(start, layers.Dense(10, activation="softmax")(x)))


def autoencoder(nn: Any) -> Any:
    """Return convolutions that halve a picture three times, and transposed ones that double it again."""
    layers = nn.layers
    x = start = nn.Input(PICTURE)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    for filters in (128, 64, 32):
        x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(x)
    return seeded(nn.Model(start, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)))


def segmentation(nn: Any) -> Any:
    """Return convolutions with holes on an eighth of a picture, resized to it for the classes of its pixels.

    As in L.-C. Chen and others, "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017.
    """
    layers = nn.layers
    x = start = nn.Input(SLICE)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    for rate in (1, 2, 4):
        x = layers.Conv2D(128, 3, padding="same", dilation_rate=rate, activation="relu")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.Conv2D(CLASSES, 3, padding="same")(x)
    return seeded(nn.Model(start, layers.Softmax()(layers.UpSampling2D(4, interpolation="bilinear")(x))))


def unet(nn: Any, **options: Any) -> Any:
    """Return a small one of O. Ronneberger and others, "U-Net", 2015, compiled to tell two kinds of pixels apart."""
    layers = nn.layers

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    x = start = nn.Input(SLICE)
    beside = []
    for filters in (16, 32, 64):
        x = twice(x, filters)
        beside.append((x, filters))
        x = layers.MaxPooling2D(2)(x)
    x = twice(x, 128)
    for y, filters in reversed(beside):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = twice(layers.Concatenate()([y, x]), filters)
    model = seeded(nn.Model(start, layers.Conv2D(2, 1, activation="softmax")(x)))
    loss, optimizer = "sparse_categorical_crossentropy", nn.optimizers.SGD(UNET_RATE, momentum=0.9)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], **options)
    return model
