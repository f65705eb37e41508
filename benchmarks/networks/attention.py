"""Networks of attention: a layer alone, a block as GPTs have them, and a small language model of such blocks."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.networks.same_weights import seeded

WIDTH, HEADS = 256, 8
ROWS, BLOCK_TIME = 8, 256
GPT_ROWS, GPT_BATCH, GPT_TIME, GPT_BLOCKS, TOKENS = 32, 8, 128, 2, 1000
GPT_RATE = 1e-4


def data(steps: int) -> Any:
    """Return random sequences as float32."""
    return numpy.random.default_rng(2).standard_normal((ROWS, steps, WIDTH)).astype("float32")


def gpt_data() -> tuple[Any, Any]:
    """Return random tokens and those that follow each, as int32."""
    tokens = numpy.random.default_rng(2).integers(0, TOKENS, (GPT_ROWS, GPT_TIME + 1), "int32")
    return tokens[:, :-1].copy(), tokens[:, 1:].copy()


def layer_alone(nn: Any, steps: int) -> Any:
    """Return a layer of self-attention over so many steps."""
    x = nn.Input((steps, WIDTH))
    return seeded(nn.Model(x, nn.layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)))


def block_alone(nn: Any) -> Any:
    """Return a block as a model."""
    x = nn.Input((BLOCK_TIME, WIDTH))
    return seeded(nn.Model(x, _block(nn.layers, x)))


def gpt(nn: Any, **options: Any) -> Any:
    """Return a language model without positions, compiled with Adam and the cross-entropy of each next token."""
    layers = nn.layers
    start = nn.Input((GPT_TIME,), dtype="int32")
    x = layers.Embedding(TOKENS, WIDTH)(start)
    for _ in range(GPT_BLOCKS):
        x = _block(layers, x)
    model = seeded(nn.Model(start, layers.Dense(TOKENS)(layers.LayerNormalization()(x))))
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=nn.optimizers.Adam(GPT_RATE), loss=loss, metrics=["accuracy"], **options)
    return model


def _block(layers: Any, x: Any) -> Any:
    """Lay causal attention and two dense layers on x, each on what is normalised and added to what it begins with."""
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(y, y, use_causal_mask=True)])
    y = layers.Dense(4 * WIDTH, activation="gelu")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(WIDTH)(y)])
