"""A transformer encoder: 2 layers of width 128 with 4 heads over 64 steps."""

from __future__ import annotations

from typing import Any

import numpy

ROWS, BATCH, TIME, WIDTH, HEADS, INNER, LAYERS, CLASSES, RATE = 256, 32, 64, 128, 4, 512, 2, 10, 0.001
EPSILON = 1e-5


def data() -> tuple[Any, Any]:
    """Return random sequences as float32 and random classes as int32."""
    generator = numpy.random.default_rng(2)
    x = generator.standard_normal((ROWS, TIME, WIDTH)).astype("float32")
    return x, generator.integers(0, CLASSES, ROWS, "int32")


def weights() -> list[Any]:
    """Return the weights in Keras's order, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    size = WIDTH // HEADS
    projection, normalization = [(WIDTH, HEADS, size), (HEADS, size)], [(WIDTH,), (WIDTH,)]
    block = [
        *(3 * projection),
        *[(HEADS, size, WIDTH), (WIDTH,)],
        *normalization,
        *[(WIDTH, INNER), (INNER,), (INNER, WIDTH), (WIDTH,)],
        *normalization,
    ]
    arrays = [(0.08 * generator.standard_normal(shape)).astype("float32") for shape in LAYERS * block]
    for layer in range(LAYERS):
        for place in (8, 14):  # gamma
            arrays[layer * len(block) + place] += 1.0
    return [
        *arrays,
        *((0.08 * generator.standard_normal(shape)).astype("float32") for shape in ((WIDTH, CLASSES), (CLASSES,))),
    ]


def network(nn: Any, **options: Any) -> Any:
    """Return the encoder with normalisation behind each residual sum, its mean over time, and a dense layer."""
    layers = nn.layers
    x = start = nn.Input((TIME, WIDTH))
    for _ in range(LAYERS):
        x = layers.LayerNormalization(epsilon=EPSILON)(
            layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)])
        )
        inner = layers.Dense(WIDTH)(layers.Dense(INNER, activation="relu")(x))
        x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add()([x, inner]))
    end = layers.Dense(CLASSES, activation="softmax")(layers.GlobalAveragePooling1D()(x))
    model = nn.Model(start, end)
    model.set_weights(weights())
    optimizer = nn.optimizers.Adam(RATE)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model
