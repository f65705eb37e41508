"""A small model of Keras's with blocks of attention that its author wrote, for what a user sees of traced layers."""

from __future__ import annotations

import warnings
from typing import Any

import pytest


def keras_package() -> Any:
    """Return Keras, or skip the test where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def attention_model(keras: Any, blocks: int = 3) -> Any:
    """Return a classifier of five words with blocks of an attention of its own."""
    ops = keras.ops

    class Attention(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.query, self.key = (keras.layers.Dense(8, name=name) for name in ("query", "key"))

        def build(self, input_shape):
            self.query.build(input_shape)
            self.key.build(input_shape)

        def call(self, x):
            scores = ops.matmul(self.query(x), ops.transpose(self.key(x), (0, 2, 1)))
            weights = ops.softmax(scores / 4.0)
            return ops.matmul(weights, x)

    class Block(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.attention, self.norm = Attention(name="attention"), keras.layers.LayerNormalization(name="norm")
            self.dropout = keras.layers.Dropout(0.25, name="dropout")

        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale")
            self.attention.build(input_shape)
            self.norm.build(input_shape)

        def call(self, x, training=False):
            y = self.dropout(self.attention(self.norm(x)), training=training)
            return x + y * ops.exp(self.scale)

    x = inputs = keras.Input((5,), dtype="int32", name="words")
    x = keras.layers.Embedding(20, 8, name="embed")(x)
    for number in range(blocks):
        x = Block(name=f"block{number}")(x)
    x = ops.mean(x, axis=1)
    return keras.Model(inputs, keras.layers.Dense(3, "softmax", name="head")(x), name="classifier")
