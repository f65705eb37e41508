"""A GPT-2 of 4 layers of width 256, of KerasHub's, and one step of it that keeps keys and values in a weight."""

from __future__ import annotations

from typing import Any

import numpy

VOCABULARY, LAYERS, WIDTH, HEADS, INNER, LENGTH = 1000, 4, 256, 4, 1024, 128
EPSILON = 1e-5
PROMPT, NEW = 8, 64


def prompt() -> list[int]:
    """Return the first tokens."""
    found: list[int] = numpy.random.default_rng(3).integers(0, VOCABULARY, PROMPT).tolist()
    return found


def weights() -> list[Any]:
    """Return the weights in the order of KerasHub's backbone; biases are no zeros, so that none could be left out."""
    generator = numpy.random.default_rng(4)
    size = WIDTH // HEADS
    projection, normalization = [(WIDTH, HEADS, size), (HEADS, size)], [(WIDTH,), (WIDTH,)]
    block = [
        *(3 * projection),
        *[(HEADS, size, WIDTH), (WIDTH,)],
        *normalization,
        *[(WIDTH, INNER), (INNER,), (INNER, WIDTH), (WIDTH,)],
        *normalization,
    ]
    shapes = [(VOCABULARY, WIDTH), (LENGTH, WIDTH), *(LAYERS * block), *normalization]
    arrays = [(0.08 * generator.standard_normal(shape)).astype("float32") for shape in shapes]
    gammas = [2 + layer * len(block) + place for layer in range(LAYERS) for place in (8, 14)]
    for place in (*gammas, len(shapes) - 2):
        arrays[place] += 1.0
    return arrays


def causal_lm() -> Any:
    """Return KerasHub's model on the engine that Keras runs on, which takes the likeliest token each time."""
    from keras_hub import models

    backbone = models.GPT2Backbone(
        vocabulary_size=VOCABULARY,
        num_layers=LAYERS,
        num_heads=HEADS,
        hidden_dim=WIDTH,
        intermediate_dim=INNER,
        dropout=0.0,
        max_sequence_length=LENGTH,
    )
    backbone.set_weights(weights())
    found = models.GPT2CausalLM(backbone, preprocessor=None)
    found.compile(sampler="greedy")
    return found


def step(model: Any, length: int) -> Any:
    """Return a Keras model of one step: from a token and its place, for 1 row each, to the next token.

    Args:
        model: a `CausalLM` of KerasHub's.
        length: how many tokens its cache has room for.
    """
    import keras

    class DecodingStep(keras.Model):  # type: ignore[misc]  # Keras has no types
        """One step of a decoder, whose keys and values of earlier tokens are a weight that it assigns."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model
            backbone = model.backbone
            size = backbone.hidden_dim // backbone.num_heads
            shape = (1, backbone.num_layers, 2, length, backbone.num_heads, size)
            self.cache = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="cache")

        def call(self, inputs: Any) -> Any:
            token, place = inputs
            logits, _, cache = self.model.call_with_cache(token, keras.ops.copy(self.cache), place[0, 0])
            self.cache.assign(cache)
            return keras.ops.argmax(logits, -1)

    found = DecodingStep()
    found([numpy.zeros((1, 1), "int32")] * 2)
    return found


def decoded(first: list[int], count: int, following: Any) -> list[int]:
    """Return tokens with those that follow.

    Args:
        first: the tokens to begin with.
        count: how many follow.
        following: returns the token that follows one, given with its place.
    """
    tokens = list(first)
    for place in range(len(first) + count - 1):
        found = following(tokens[place], place)
        if place + 1 >= len(first):
            tokens.append(int(found))
    return tokens
