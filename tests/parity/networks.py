"""Small networks of many kinds, written once for both engines: architecture, data, loss and optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy

Array = numpy.ndarray
ROWS, BATCH, STEPS = 16, 8, 10


@dataclass(frozen=True)
class Network:
    """A network to train.

    Args:
        build: returns the model; is given nnc or Keras.
        data: returns inputs and targets.
        compile: arguments of ``compile``; is given nnc or Keras.
    """

    build: Callable[[Any], Any]
    data: Callable[[numpy.random.Generator], tuple[Any, Any]]
    compile: Callable[[Any], dict[str, Any]]


class InFloat64:
    """Stands for nnc or Keras where networks are built: layers, and inputs of no other type, are of float64."""

    def __init__(self, nn: Any) -> None:
        self._nn = nn
        self.layers = _LayersInFloat64(nn.layers)
        self.Input = self.layers.Input

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nn, name)


class _LayersInFloat64:
    def __init__(self, layers: Any) -> None:
        self._layers = layers

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(self._layers, name), dtype="float64")


def images(generator: numpy.random.Generator) -> Array:
    """Return images of shape (rows, 12, 12, 3)."""
    return generator.normal(size=(ROWS, 12, 12, 3)).astype("float32")


def classes(generator: numpy.random.Generator) -> Array:
    """Return class indices from 0 to 3."""
    return generator.integers(0, 4, ROWS)


def convolutional(nn: Any) -> Any:
    """Convolutions with batch normalisation and pooling."""
    layers = nn.layers
    return nn.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(12, 3, activation="elu"),
            layers.BatchNormalization(momentum=0.8),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def residual(nn: Any, activation: str = "relu") -> Any:
    """Two residual blocks, the second with strides and a projection."""
    layers = nn.layers
    x = nn.Input((12, 12, 3))
    y = layers.Conv2D(8, 3, padding="same", activation=activation)(x)
    for filters, strides in ((8, 1), (12, 2)):
        z = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(y)
        z = layers.BatchNormalization()(z)
        z = layers.Activation(activation)(z)
        z = layers.Conv2D(filters, 3, padding="same", use_bias=False)(z)
        z = layers.BatchNormalization()(z)
        y = y if strides == 1 else layers.Conv2D(filters, 1, strides)(y)
        y = layers.Activation(activation)(layers.Add()([y, z]))
    y = layers.AveragePooling2D(2)(y)
    return nn.Model(x, layers.Dense(4)(layers.Flatten()(y)))


def bidirectional(nn: Any) -> Any:
    """Two bidirectional LSTMs over masked words."""
    layers = nn.layers
    return nn.Sequential(
        [
            layers.Input((7,), dtype="int32"),
            layers.Embedding(20, 6, mask_zero=True),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(4), merge_mode="sum"),
            layers.Dense(4, activation="softmax"),
        ]
    )


def tagger(nn: Any) -> Any:
    """A GRU that labels every word; words that are masked do not count in the loss."""
    layers = nn.layers
    return nn.Sequential(
        [
            layers.Input((7,), dtype="int32"),
            layers.Embedding(20, 6, mask_zero=True),
            layers.GRU(5, return_sequences=True),
            layers.TimeDistributed(layers.Dense(4, activation="softmax")),
        ]
    )


def words(generator: numpy.random.Generator) -> Array:
    """Return rows of word numbers that end in zeros."""
    found = generator.integers(1, 20, (ROWS, 7))
    lengths = generator.integers(2, 8, ROWS)
    return numpy.where(numpy.arange(7) < lengths[:, None], found, 0).astype("int32")


def transformer(nn: Any) -> Any:
    """One encoder block with attention over words, which a convolution gives their places."""
    layers = nn.layers
    x = nn.Input((7,), dtype="int32")
    y = layers.Conv1D(8, 3, padding="same")(layers.Embedding(20, 8)(x))
    attended = layers.MultiHeadAttention(2, 4)(y, y)
    y = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([y, attended]))
    z = layers.Dense(8)(layers.Dense(16, activation="gelu")(y))
    y = layers.LayerNormalization()(layers.Add()([y, z]))
    return nn.Model(x, layers.Dense(4)(layers.GlobalAveragePooling1D()(y)))


def encoder(nn: Any) -> Any:
    """Two encoder blocks over masked words with learned places; the second with gates."""
    layers = nn.layers
    x, places = nn.Input((7,), dtype="int32"), nn.Input((7,), dtype="int32")
    y = layers.Add()([layers.Embedding(20, 8, mask_zero=True)(x), layers.Embedding(7, 8)(places)])
    for attention in (layers.MultiHeadAttention(2, 4), layers.MultiHeadAttention(4, 3, value_dim=2, use_gate=True)):
        z = layers.LayerNormalization()(y)
        y = layers.Add()([y, attention(z, z)])
        z = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(y))
        y = layers.Add()([y, layers.Dense(8)(z)])
    return nn.Model([x, places], layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling1D()(y)))


def decoder(nn: Any) -> Any:
    """A causal decoder that says the next word: heads that share keys and values, RMS normalisation."""
    layers = nn.layers
    x = nn.Input((7,), dtype="int32")
    y = layers.Embedding(20, 8)(x)
    z = layers.RMSNormalization()(y)
    y = layers.Add()([y, layers.GroupQueryAttention(4, 4, 2)(z, z, use_causal_mask=True)])
    z = layers.EinsumDense("abc,cd->abd", (None, 16), activation="silu", bias_axes="d")(layers.RMSNormalization()(y))
    y = layers.Add()([y, layers.Dense(8)(z)])
    return nn.Model(x, layers.Dense(20, activation="softmax")(y))


def several(nn: Any) -> Any:
    """Two inputs and two outputs, and a layer that both inputs share."""
    layers = nn.layers
    a, b = nn.Input((6,), name="a"), nn.Input((6,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    joined = layers.Concatenate()([shared(a), shared(b), layers.Multiply()([a, b])])
    kind = layers.Dense(4, activation="softmax", name="kind")(joined)
    size = layers.Dense(1, name="size")(layers.Subtract()([shared(a), shared(b)]))
    return nn.Model([a, b], [kind, size])


def autoencoder(nn: Any) -> Any:
    """Strided convolutions and their transposes."""
    layers = nn.layers
    return nn.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Conv2D(6, 3, 2, padding="same", activation="relu"),
            layers.Conv2D(8, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(6, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(6, 2, 2, activation="relu"),
            layers.UpSampling2D(2),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 3, padding="same", activation="sigmoid"),
        ]
    )


def regularized(nn: Any) -> Any:
    """Regularizers of weights and outputs, constraints, a frozen layer."""
    layers, regularizers, constraints = nn.layers, nn.regularizers, nn.constraints
    frozen = layers.Dense(6, activation="tanh", trainable=False)
    return nn.Sequential(
        [
            layers.Input((6,)),
            frozen,
            layers.Dense(5, activation="relu", kernel_regularizer=regularizers.L1L2(0.01, 0.02)),
            layers.Dense(5, activity_regularizer="l2", kernel_constraint=constraints.MaxNorm(0.8)),
            layers.LayerNormalization(),
            layers.Dense(4, bias_regularizer="l1", kernel_constraint="non_neg"),
        ]
    )


def adam(nn: Any) -> Any:
    return nn.optimizers.Adam(0.01)


def softmax(nn: Any, optimizer: Any = None) -> dict[str, Any]:
    return {"optimizer": optimizer or adam(nn), "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}


def gentle(nn: Any) -> dict[str, Any]:
    """Return a slower descent; not Adam, which makes steps of the rounding of gradients that are nearly 0."""
    return softmax(nn, nn.optimizers.SGD(0.05, momentum=0.9))


def logits(nn: Any) -> dict[str, Any]:
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"optimizer": nn.optimizers.SGD(0.05, momentum=0.9), "loss": loss, "metrics": ["accuracy"]}


def damped(nn: Any) -> Any:
    """Return Adam with a large epsilon, which makes no steps of the rounding of biases of keys: their gradient is 0."""
    return nn.optimizers.Adam(0.01, epsilon=1e-4)


def slow_logits(nn: Any) -> dict[str, Any]:
    """Return small steps, for a network whose statistics of few pixels make rounding grow with larger ones."""
    return logits(nn) | {"optimizer": nn.optimizers.SGD(0.002, momentum=0.9)}


LARGE_STEPS = {"convolutional": lambda nn: softmax(nn, adam(nn)), "residual": logits}
"""Training in which rounding grows, so that it is compared in float64; in float32 these networks take smaller steps."""

NETWORKS = {
    "convolutional": Network(convolutional, lambda g: (images(g), classes(g)), gentle),
    "residual": Network(residual, lambda g: (images(g), classes(g)), slow_logits),
    "bidirectional": Network(bidirectional, lambda g: (words(g), classes(g)), softmax),
    "tagger": Network(tagger, lambda g: (words(g), g.integers(0, 4, (ROWS, 7))), softmax),
    "transformer": Network(
        transformer, lambda g: (words(g), classes(g)), lambda nn: logits(nn) | {"optimizer": damped(nn)}
    ),
    "encoder": Network(
        encoder,
        lambda g: ([words(g), numpy.tile(numpy.arange(7, dtype="int32"), (ROWS, 1))], classes(g)),
        lambda nn: softmax(nn, damped(nn)),
    ),
    "decoder": Network(
        decoder,
        lambda g: ((x := words(g)), numpy.roll(x, -1, 1)),
        lambda nn: softmax(nn, damped(nn)),
    ),
    "several": Network(
        several,
        lambda g: (
            [g.normal(size=(ROWS, 6)).astype("float32") for _ in "ab"],
            [classes(g), g.normal(size=(ROWS, 1)).astype("float32")],
        ),
        lambda nn: {
            "optimizer": nn.optimizers.RMSprop(0.01),
            "loss": ["sparse_categorical_crossentropy", "mse"],
            "loss_weights": [0.7, 0.4],
            "metrics": [["accuracy"], ["mae"]],
        },
    ),
    "autoencoder": Network(
        autoencoder,
        lambda g: ((x := g.uniform(size=(ROWS, 12, 12, 3)).astype("float32")), x),
        lambda nn: {"optimizer": nn.optimizers.AdamW(0.01), "loss": "binary_crossentropy"},
    ),
    "regularized": Network(
        regularized,
        lambda g: (g.normal(size=(ROWS, 6)).astype("float32"), classes(g)),
        logits,
    ),
}
