"""Small networks of every make, to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nnc
from nnc import layers
from nnc.program import Program
from nnc.readers import read_model

BASE = Path(__file__).parents[2] / "examples" / "base.yaml"


def compiled(model: Any) -> Program:
    """Return a program whose plans are the same whatever runs the tests."""
    return nnc.compile(model, backend="numpy")


def base() -> nnc.Model:
    model: nnc.Model = read_model(BASE)
    return model


def residual_block(x: Any, name: str, filters: int = 8, order: int = 1) -> Any:
    """Two convolutions beside an identity; the sum takes them in this order, or in the other for -1."""
    y = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv1")(x)
    y = layers.BatchNormalization(name=f"{name}_norm1")(y)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(name=f"{name}_norm2")(y)
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([x, y][::order]))


def residual(blocks: int = 3) -> nnc.Model:
    """A stem, equal residual blocks, one with a projection, and a head."""
    x = nnc.Input((8, 8, 3), name="image")
    h = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(x)
    for number in range(1, blocks + 1):
        h = residual_block(h, f"block{number}")
    shortcut = layers.Conv2D(16, 1, strides=2, name="down_shortcut")(h)
    h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="down_conv")(h)
    h = layers.GlobalAveragePooling2D(name="pool")(layers.Add(name="down_add")([shortcut, h]))
    model = nnc.Model(x, layers.Dense(10, activation="softmax", name="classes")(h), name="residual")
    model.compile("sgd", "categorical_crossentropy")
    return model


def lstm() -> nnc.Model:
    """Two recurrent layers and a head."""
    x = nnc.Input((6, 3), name="sequence")
    h = layers.LSTM(4, return_sequences=True)(x)
    model = nnc.Model(x, layers.Dense(1, activation="sigmoid")(layers.LSTM(4)(h)), name="lstm")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def nested() -> nnc.Model:
    """Models as layers, one of them in another."""
    inner = nnc.Sequential([nnc.Input((8,)), layers.Dense(4, activation="relu")], name="inner")
    encoder = nnc.Sequential([nnc.Input((16,)), layers.Dense(8, activation="relu"), inner], name="encoder")
    decoder = nnc.Sequential([nnc.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(16)], name="decoder")
    x = nnc.Input((16,), name="pixels")
    return nnc.Model(x, decoder(encoder(x)), name="autoencoder")


def transformer(blocks: int = 4) -> nnc.Model:
    """Blocks of two residual parts each, with names that Keras gives."""
    x = h = nnc.Input((12, 16), name="tokens")
    for _ in range(blocks):
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.MultiHeadAttention(2, 8)(a, a)])
        f = layers.Dense(32, activation="gelu")(layers.LayerNormalization()(h))
        h = layers.Add()([h, layers.Dense(16)(f)])
    return nnc.Model(x, layers.Dense(4)(layers.LayerNormalization()(h)), name="transformer")
