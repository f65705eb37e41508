"""Networks on sequences: convolutions over time, texts, and recurrent layers, one of them with a mask."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

ROWS = 32
SIGNAL = (4096, 1)
TCN = (512, 32)
WORDS, WORDS_KNOWN = 512, 20_000
RECURRENT, UNITS = (64, 32), 64
TEXT_ROWS, TEXT_BATCH, TEXT_WORDS, TEXT_RATE = 512, 64, 256, 1e-3


def data(shape: tuple[int, ...]) -> Any:
    """Return random sequences as float32."""
    return numpy.random.default_rng(2).standard_normal((ROWS, *shape)).astype("float32")


def padded_data() -> Any:
    """Return sequences of different lengths, with zeros behind each."""
    x, lengths = data(RECURRENT), numpy.random.default_rng(3).integers(RECURRENT[0] // 4, RECURRENT[0] + 1, ROWS)
    x[numpy.arange(RECURRENT[0]) >= lengths[:, None]] = 0.0
    return x


def words() -> Any:
    """Return random words as int32."""
    return numpy.random.default_rng(2).integers(0, WORDS_KNOWN, (ROWS, WORDS), "int32")


def text_data() -> tuple[Any, Any]:
    """Return random texts as int32, and for each whether somebody likes it, as float32."""
    generator = numpy.random.default_rng(2)
    texts = generator.integers(0, WORDS_KNOWN, (TEXT_ROWS, TEXT_WORDS), "int32")
    return texts, generator.integers(0, 2, (TEXT_ROWS, 1)).astype("float32")


def convolutions(nn: Any) -> Any:
    """Return convolutions over 4096 samples of a signal."""
    layers = nn.layers
    x = start = nn.Input(SIGNAL)
    for filters, size in ((16, 16), (32, 8), (64, 8), (128, 4)):
        x = layers.Conv1D(filters, size, padding="same", use_bias=False)(x)
        x = layers.MaxPooling1D(4)(layers.Activation("relu")(layers.BatchNormalization()(x)))
    x = layers.GlobalAveragePooling1D()(x)
    return seeded(nn.Model(start, layers.Dense(10, activation="softmax")(x)))


def temporal(nn: Any) -> Any:
    """Return dilated causal convolutions as of S. Bai and others, "An empirical evaluation of … sequence modeling"."""
    layers = nn.layers
    start = nn.Input(TCN)
    x = layers.Conv1D(64, 1)(start)
    for dilation in (1, 2, 4, 8, 16):
        y = x
        for _ in range(2):
            y = layers.Conv1D(64, 3, padding="causal", dilation_rate=dilation, activation="relu")(y)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return seeded(nn.Model(start, layers.Dense(10)(x)))


def separable_text(nn: Any) -> Any:
    """Return separable convolutions over embedded words."""
    layers = nn.layers
    start = nn.Input((WORDS,), dtype="int32")
    x = layers.Embedding(WORDS_KNOWN, 128)(start)
    for _ in range(2):
        x = layers.SeparableConv1D(128, 5, padding="same", activation="relu")(x)
        x = layers.MaxPooling1D(4)(layers.SeparableConv1D(128, 5, padding="same", activation="relu")(x))
    x = layers.Dense(128, activation="relu")(layers.GlobalMaxPooling1D()(x))
    return seeded(nn.Model(start, layers.Dense(10, activation="softmax")(x)))


def gru(nn: Any) -> Any:
    """Return a GRU."""
    return seeded(nn.Sequential([nn.Input(RECURRENT), nn.layers.GRU(UNITS)]))


def masked_both_ways(nn: Any) -> Any:
    """Return LSTMs in both directions, which leave out what sequences are filled up with."""
    layers = nn.layers
    return seeded(nn.Sequential([nn.Input(RECURRENT), layers.Masking(), layers.Bidirectional(layers.LSTM(UNITS))]))


def mean_of_words(nn: Any, **options: Any) -> Any:
    """Return the mean of embedded words with two dense layers, compiled with Adam and binary cross-entropy."""
    layers = nn.layers
    start = nn.Input((TEXT_WORDS,), dtype="int32")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(WORDS_KNOWN, 64)(start))
    x = layers.Dense(64, activation="relu")(x)
    model = seeded(nn.Model(start, layers.Dense(1, activation="sigmoid")(x)))
    model.compile(optimizer=nn.optimizers.Adam(TEXT_RATE), loss="binary_crossentropy", metrics=["accuracy"], **options)
    return model
