"""Layers that take texts, called on arrays, beside Keras's."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.text import Encoding
from tests.text.languages import BYTES, TEXTS

COLUMN = numpy.array(TEXTS, object)[:, None]
TABLE = numpy.array([[text.split(" ")[0], text.split(" ")[-1], "the"] for text in TEXTS], object)
WORDS = ["the", "Straße", "", "世界", "مرحبا", "ΟΔΥΣΣΕΥΣ", "👍", "[UNK]x"]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def both(keras, class_name, options, *inputs):
    """Return what nnc's layer and Keras's give for the same inputs."""
    found = getattr(layers, class_name)(**options)
    expected = getattr(keras.layers, class_name)(**options)
    given = inputs if len(inputs) > 1 else inputs[0]
    return numpy.asarray(found(given)), numpy.asarray(expected(given))


def assert_same(found, expected):
    assert found.dtype == expected.dtype
    if expected.dtype.kind == "f":
        numpy.testing.assert_allclose(found, expected, rtol=1e-6)
    else:
        numpy.testing.assert_array_equal(found, expected)


LOOKUPS = [
    {},
    {"num_oov_indices": 3},
    {"num_oov_indices": 3, "salt": 7},
    {"num_oov_indices": 3, "salt": [2, 9]},
    {"mask_token": ""},
    {"mask_token": "", "num_oov_indices": 2},
    {"mask_token": "the", "oov_token": "?"},
    {"output_mode": "one_hot"},
    {"output_mode": "multi_hot"},
    {"output_mode": "multi_hot", "mask_token": ""},
    {"output_mode": "count", "num_oov_indices": 2},
    {"output_mode": "count", "max_tokens": 20, "pad_to_max_tokens": True},
    {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5, 0.25, 3.0, 1.0, 0.0]},
]


@pytest.mark.parametrize("options", LOOKUPS)
@pytest.mark.parametrize("x", [COLUMN, TABLE], ids=["column", "table"])
def test_lookups(keras, options, x):
    words = [word for word in WORDS if word != options.get("mask_token", "")]
    if "idf_weights" in options:
        options = {**options, "idf_weights": options["idf_weights"][: len(words)]}
    assert_same(*both(keras, "StringLookup", {"vocabulary": words, **options}, x))


@pytest.mark.parametrize("options", [{}, {"mask_token": ""}, {"num_oov_indices": 2}, {"oov_token": "?"}])
def test_indices_become_texts(keras, options):
    indices = numpy.arange(12).reshape(4, 3)
    options = {"vocabulary": ["a", "ß", "世界"], "invert": True, **options}
    found, expected = both(keras, "StringLookup", options, indices)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("options", [{}, {"max_tokens": 6}, {"mask_token": "the", "num_oov_indices": 2}])
def test_lookups_adapt(keras, mode, options):
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.StringLookup(output_mode=mode, **options)
        layer.adapt(TABLE)
        found.append((layer.get_vocabulary(), layer.vocabulary_size(), numpy.asarray(layer(TABLE))))
    assert found[0][:2] == found[1][:2]
    assert_same(found[0][2], found[1][2])


VECTORIZATIONS = [
    {},
    {"standardize": None},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"split": "character"},
    {"split": "character", "ngrams": 2, "standardize": "lower"},
    {"ngrams": 3},
    {"ngrams": (2,)},
    {"ngrams": (3, 1)},
    {"output_sequence_length": 4},
    {"output_sequence_length": 40},
    {"max_tokens": 9},
    {"output_mode": "multi_hot"},
    {"output_mode": "multi_hot", "max_tokens": 200, "pad_to_max_tokens": True},
    {"output_mode": "count", "ngrams": 2},
    {"output_mode": "count", "split": "character", "max_tokens": 30},
    {"output_mode": "tf_idf"},
    {"output_mode": "tf_idf", "max_tokens": 20},
    {"output_mode": "tf_idf", "max_tokens": 300, "pad_to_max_tokens": True},
]


@pytest.mark.parametrize("options", VECTORIZATIONS)
@pytest.mark.parametrize("x", [COLUMN, COLUMN[:, 0], BYTES], ids=["column", "flat", "bytes"])
def test_vectorizations(keras, options, x):
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.TextVectorization(**options)
        layer.adapt(TEXTS)
        given = numpy.array(x, object)
        words = [word.rstrip("\0") for word in layer.get_vocabulary()]  # Keras drops these where it shows words
        found.append((words, layer.vocabulary_size(), numpy.asarray(layer(given))))
    assert found[0][:2] == found[1][:2]
    assert_same(found[0][2], found[1][2])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ngrams": 2},
        {"output_sequence_length": 2},
        {"output_sequence_length": 5},
        {"output_mode": "one_hot"},
        {"output_mode": "multi_hot"},
        {"output_mode": "count", "standardize": None},
        {"output_mode": "tf_idf", "ngrams": (2,)},
    ],
)
def test_tokens_that_are_split_already(keras, options):
    found = []
    for nn in (nnc, keras):
        layer = nn.layers.TextVectorization(split=None, **options)
        layer.adapt(TABLE)
        found.append((layer.get_vocabulary(), numpy.asarray(layer(TABLE))))
    assert found[0][0] == found[1][0]
    assert_same(found[0][1], found[1][1])


def test_batches_to_adapt_to(keras):
    for class_name, data in (("TextVectorization", [TEXTS[:9], TEXTS[9:]]), ("StringLookup", [TABLE[:9], TABLE[9:]])):
        found = []
        for nn in (nnc, keras):
            layer = getattr(nn.layers, class_name)(output_mode="tf_idf")
            layer.adapt(numpy.array(batch, object) for batch in data)
            found.append((layer.get_vocabulary(), numpy.asarray(layer(data[0]))))
        assert found[0][0] == found[1][0]
        assert_same(found[0][1], found[1][1])


HASHES = [
    {},
    {"salt": 133},
    {"salt": [133, 137]},
    {"output_mode": "one_hot"},
    {"output_mode": "multi_hot"},
    {"output_mode": "count"},
    {"dtype": "int32"},
]


@pytest.mark.parametrize("options", HASHES)
@pytest.mark.parametrize(
    "x",
    [COLUMN, TABLE, numpy.array(BYTES, object)[:, None], numpy.array([[-5, 0, 2**40], [7, 123, -(2**63)]])],
    ids=["column", "table", "bytes", "numbers"],
)
@pytest.mark.parametrize("masked", [False, True])
def test_hashes(keras, options, x, masked):
    mask = {"mask_value": 7 if x.dtype.kind == "i" else ""} if masked else {}
    assert_same(*both(keras, "Hashing", {"num_bins": 5, **options, **mask}, x))


def test_whole_parts_are_hashed(keras):
    x = numpy.array([[1.0, -2.9], [3.5, 1.25]], "float32")
    assert_same(*both(keras, "Hashing", {"num_bins": 9}, x))


@pytest.mark.parametrize("options", [{}, {"output_mode": "one_hot"}, {"dtype": "int32"}])
@pytest.mark.parametrize("rank", [1, 2])
def test_crossings(keras, options, rank):
    numbers = numpy.arange(len(TEXTS)) * 7 - 5
    inputs = [numpy.array(TEXTS, object), numbers, numpy.array(TEXTS[::-1], object)]
    inputs = [item.reshape(-1, 1) if rank == 2 else item for item in inputs]
    assert_same(*both(keras, "HashedCrossing", {"num_bins": 11, **options}, *inputs))


@pytest.mark.parametrize(
    "given",
    [["a", "ß"], [b"a", "ß".encode()], numpy.array(["a", "ß"]), numpy.array(["a", "ß"], object), ("a", "ß")],
)
def test_what_holds_texts(given):
    assert layers.StringLookup(vocabulary=["ß", "a"])(given).tolist() == [2, 1]


def test_tensors_and_columns_hold_texts():
    tensorflow, pandas = pytest.importorskip("tensorflow"), pytest.importorskip("pandas")
    layer = layers.StringLookup(vocabulary=["ß", "a"])
    assert layer(tensorflow.constant([["a"], ["ß"]])).tolist() == [[2], [1]]
    assert layer(pandas.Series(["a", "ß"])).tolist() == [2, 1]


@pytest.mark.parametrize("mode", ["count", "multi_hot"])
def test_large_vocabularies_are_counted_in_parts(mode):
    generator = numpy.random.default_rng(0)
    indices = generator.integers(-1, 400_000, (7, 50))
    indices[:, 1::2] = indices[:, ::2]  # each twice
    found = Encoding(mode, 399_999, "float32").encode(indices)
    expected = numpy.zeros((7, 400_001))
    numpy.add.at(expected, (numpy.arange(7)[:, None], indices), 1)
    expected = expected[:, :399_999]
    numpy.testing.assert_array_equal(found, expected if mode == "count" else expected > 0)
