"""Words as numbers, beside what Keras keeps of Keras 2."""

from __future__ import annotations

import json

import numpy
import pytest

from nnc.errors import ArgumentError, DataError, NncWarning
from nnc.preprocessing import text as ours

TEXTS = ["The cat sat on the mat.", "The dog, the DOG!", "a b\tc", "", "cat cat cat Zebra"]
OTHERS = ["the unknown cat", "", "dog_dog mat; sat"]
OPTIONS = [
    {},
    {"num_words": 4},
    {"num_words": 4, "oov_token": "<unknown>"},
    {"oov_token": "<unknown>"},
    {"lower": False},
    {"char_level": True},
    {"char_level": True, "lower": False, "num_words": 5},
    {"filters": "", "split": "a"},
    {"analyzer": lambda text: text.split("t")},
]
MODES = ("binary", "count", "freq", "tfidf")


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("keras.src.legacy.preprocessing.text")


def both(theirs, options, texts=TEXTS):
    found = [module.Tokenizer(**options) for module in (theirs, ours)]
    for tokenizer in found:
        tokenizer.fit_on_texts(texts)
    return found


@pytest.mark.parametrize("options", OPTIONS)
def test_tokenizer(options, theirs):
    expected, found = both(theirs, options)
    for name in ("word_index", "index_word", "word_counts", "word_docs", "index_docs", "document_count"):
        assert getattr(found, name) == getattr(expected, name), name
    assert list(found.word_index) == list(expected.word_index)
    for texts in (TEXTS, OTHERS, iter(OTHERS)):
        texts = list(texts)
        sequences = expected.texts_to_sequences(texts)
        assert found.texts_to_sequences(texts) == sequences
        assert found.sequences_to_texts([*sequences, [1, 100, 3]]) == expected.sequences_to_texts(
            [*sequences, [1, 100, 3]]
        )
        for mode in MODES:
            numpy.testing.assert_array_equal(found.texts_to_matrix(texts, mode), expected.texts_to_matrix(texts, mode))


@pytest.mark.parametrize("options", [{}, {"lower": False, "oov_token": "?"}])
def test_lists_of_words(options, theirs):
    words = [["One", "two", "two"], ["three", "one"]]
    expected, found = both(theirs, options, words)
    assert found.word_index == expected.word_index
    assert found.texts_to_sequences([["two", "ONE", "four"]]) == expected.texts_to_sequences([["two", "ONE", "four"]])


def test_numbers_alone(theirs):
    found = [module.Tokenizer(num_words=6) for module in (theirs, ours)]
    for tokenizer in found:
        tokenizer.fit_on_sequences([[1, 2, 2], [2, 5, 9]])
    for mode in MODES:
        expected, matrix = (tokenizer.sequences_to_matrix([[1, 2, 2, 9], []], mode) for tokenizer in found)
        numpy.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("options", [item for item in OPTIONS if "analyzer" not in item])
def test_json(options, theirs):
    expected, found = both(theirs, options)
    assert json.loads(found.to_json(indent=1)) == json.loads(expected.to_json())
    for module, written in ((ours, expected), (theirs, found)):
        again = module.tokenizer_from_json(written.to_json())
        assert again.texts_to_sequences(OTHERS) == expected.texts_to_sequences(OTHERS)
        numpy.testing.assert_array_equal(
            again.texts_to_matrix(OTHERS, "tfidf"), expected.texts_to_matrix(OTHERS, "tfidf")
        )


@pytest.mark.parametrize("options", [{}, {"lower": False}, {"filters": "te"}, {"split": ";"}])
def test_words_of_a_text(options, theirs):
    for text in TEXTS:
        assert ours.text_to_word_sequence(text, **options) == theirs.text_to_word_sequence(text, **options)
        for function in (None, "md5", len):
            given = {"hash_function": function, **options}
            assert ours.hashing_trick(text, 50, **given) == theirs.hashing_trick(text, 50, **given)
        assert ours.one_hot(text, 50, **options) == theirs.one_hot(text, 50, **options)
    split = str.split
    assert ours.one_hot("A b", 9, analyzer=split) == theirs.one_hot("A b", 9, analyzer=split)


def test_old_name(theirs):
    with pytest.warns(NncWarning, match="nb_words is num_words"):
        assert ours.Tokenizer(nb_words=3).num_words == 3


def test_errors():
    with pytest.raises(ArgumentError, match=r"^Tokenizer: there is no argument 'words'$"):
        ours.Tokenizer(words=3)
    with pytest.raises(DataError, match="give num_words, or call fit_on_texts before"):
        ours.Tokenizer().sequences_to_matrix([[1]])
    with pytest.raises(DataError, match="before mode='tfidf'"):
        ours.Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(DataError, match=r"mode must be one of .* got 'counts'"):
        ours.Tokenizer(num_words=3).sequences_to_matrix([[1]], "counts")
    for text in ("", "[]", "{}", '{"config": {"word_counts": "{"}}'):
        with pytest.raises(DataError, match=r"expected what Tokenizer\.to_json returns"):
            ours.tokenizer_from_json(text)
