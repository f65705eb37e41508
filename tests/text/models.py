"""Models of Keras that begin with texts, and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tests.text.languages import TEXTS

ROWS = len(TEXTS)
GENERATOR = numpy.random.default_rng(5)
NUMBERS = GENERATOR.normal(size=(ROWS, 3)).astype("float32")
COLORS = numpy.array(["red", "grün", "синий", "", "青"], object)[numpy.arange(ROWS) % 5]
CITIES = numpy.array(["Zürich", "東京", "القاهرة"], object)[numpy.arange(ROWS) % 3]
TARGETS = GENERATOR.normal(size=(ROWS, 1)).astype("float32")


def adapted(keras: Any, **options: Any) -> Any:
    layer = keras.layers.TextVectorization(**options)
    layer.adapt(TEXTS)
    return layer


def embedding_chain(keras: Any) -> Any:
    layers = [
        keras.Input((1,), dtype="string"),
        adapted(keras, output_sequence_length=6),
        keras.layers.Embedding(90, 4),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1),
    ]
    return keras.Sequential(layers), numpy.array(TEXTS, object)


def chain_without_input(keras: Any) -> Any:
    model = keras.Sequential(
        [
            adapted(keras, output_sequence_length=5, split="character", max_tokens=50),
            keras.layers.Embedding(50, 3, mask_zero=True),
            keras.layers.LSTM(4),
            keras.layers.Dense(1),
        ]
    )
    model.build((None,))
    return model, numpy.array(TEXTS, object)


def longest_of_a_batch(keras: Any) -> Any:
    text = keras.Input((), dtype="string")
    hidden = keras.layers.Embedding(90, 4)(adapted(keras)(text))
    hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    return keras.Model(text, keras.layers.Dense(1)(hidden)), numpy.array(TEXTS, object)


def bag_of_words(keras: Any) -> Any:
    text = keras.Input((), dtype="string", name="text")
    hidden = adapted(keras, output_mode="tf_idf", ngrams=2)(text)
    return keras.Model(text, keras.layers.Dense(1)(hidden)), numpy.array(TEXTS, object)


def counted_words(keras: Any) -> Any:
    text = keras.Input((), dtype="string", name="text")
    hidden = adapted(keras, output_mode="count", max_tokens=100, pad_to_max_tokens=True)(text)
    return keras.Model(text, keras.layers.Dense(1)(hidden)), numpy.array(TEXTS, object)


def columns(keras: Any) -> Any:
    layers = keras.layers
    color, city, numbers = (
        keras.Input((1,), dtype="string", name="color"),
        keras.Input((1,), dtype="string", name="city"),
        keras.Input((3,), name="numbers"),
    )
    lookup = layers.StringLookup(num_oov_indices=2)
    lookup.adapt(COLORS)
    known = layers.CategoryEncoding(lookup.vocabulary_size(), "multi_hot")(lookup(color))
    crossed = layers.Flatten()(layers.Embedding(7, 2)(layers.HashedCrossing(7)([color, city])))
    hashed = layers.Hashing(6, mask_value="", salt=3, output_mode="one_hot")(color)
    again = layers.Flatten()(layers.Embedding(4, 2)(layers.Hashing(4)(layers.StringLookup(vocabulary=["東京"])(city))))
    hidden = layers.Concatenate()([known, crossed, hashed, again, numbers])
    model = keras.Model([color, city, numbers], layers.Dense(1)(hidden))
    return model, {"color": COLORS, "city": CITIES, "numbers": NUMBERS}


def prepared_by_a_model(keras: Any) -> Any:
    inside = keras.Input((1,), dtype="string")
    lookup = keras.layers.StringLookup()
    lookup.adapt(CITIES)
    prepared = keras.Model(inside, keras.layers.CategoryEncoding(4, "one_hot")(lookup(inside)))
    city, numbers = keras.Input((1,), dtype="string", name="city"), keras.Input((3,), name="numbers")
    hidden = keras.layers.Concatenate()([prepared(city), numbers])
    return keras.Model([city, numbers], keras.layers.Dense(1)(hidden)), [CITIES[:, None], NUMBERS]


def numbers_by_their_hash(keras: Any) -> Any:
    number = keras.Input((2,), dtype="int64")
    hidden = keras.layers.Flatten()(keras.layers.Embedding(8, 2)(keras.layers.Hashing(8)(number)))
    return keras.Model(number, keras.layers.Dense(1)(hidden)), numpy.arange(2 * ROWS).reshape(-1, 2) * 977


def numbers_of_a_vocabulary(keras: Any) -> Any:
    number = keras.Input((2,), dtype="int64")
    lookup = keras.layers.IntegerLookup(output_mode="tf_idf", max_tokens=9)
    lookup.adapt(GENERATOR.integers(0, 12, (30, 2)))
    return keras.Model(number, keras.layers.Dense(1)(lookup(number))), GENERATOR.integers(0, 14, (ROWS, 2))


MODELS: list[Callable[[Any], Any]] = [
    embedding_chain,
    chain_without_input,
    longest_of_a_batch,
    bag_of_words,
    counted_words,
    columns,
    prepared_by_a_model,
    numbers_by_their_hash,
    numbers_of_a_vocabulary,
]
"""Each returns a model and its inputs."""
