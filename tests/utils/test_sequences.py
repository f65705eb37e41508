"""Padded sequences, beside Keras's."""

from __future__ import annotations

import itertools

import numpy
import pytest

import nnc
from nnc.errors import DataError

NUMBERS = [[1], [], [2, 3], [4, 5, 6, 7]]
POINTS = [numpy.arange(2 * count).reshape(count, 2) + 0.5 for count in (3, 0, 1)]
WORDS = [["a", "long one"], ["b"]]
CASES = [
    *((NUMBERS, {"padding": padding, "truncating": cut, "maxlen": length}) for padding, cut, length in
      itertools.product(("pre", "post"), ("pre", "post"), (None, 2, 6))),
    (NUMBERS, {"value": -1.5, "dtype": "float64"}),
    (NUMBERS, {"value": 7.9}),
    (tuple(NUMBERS), {"maxlen": numpy.int64(3)}),
    (numpy.arange(6).reshape(2, 3), {"maxlen": 4}),
    (POINTS, {}),
    (POINTS, {"dtype": "float32", "maxlen": 2, "padding": "post", "value": 9}),
    (WORDS, {"dtype": object, "value": "none"}),
    (WORDS, {"dtype": "<U8", "value": "-"}),
    ([], {"maxlen": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("sequences", "settings"), CASES)
def test_rows_are_those_of_keras(sequences, settings):
    from keras.utils import pad_sequences

    found, expected = nnc.utils.pad_sequences(sequences, **settings), pad_sequences(sequences, **settings)
    assert found.dtype == expected.dtype
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("sequences", "settings", "message"),
    [
        (3, {}, "sequences must be a list, got int"),
        ([[1], 2], {}, "sequence 1 is no list of elements, but 2"),
        ([], {}, "there are no sequences; give maxlen to get an array of no rows"),
        ([[1]], {"padding": "left"}, "padding must be 'pre' or 'post', got 'left'"),
        ([[1]], {"truncating": "right"}, "truncating must be 'pre' or 'post', got 'right'"),
        ([[1]], {"maxlen": -1}, "maxlen must be a whole number of at least 0, got -1"),
        ([[1]], {"maxlen": 2.5}, "maxlen must be a whole number of at least 0, got 2.5"),
        (
            [[1]],
            {"value": "a"},
            "`dtype` int32 is not compatible with `value`'s type, that of the text 'a'; give dtype=object",
        ),
        (
            [[[1, 2]], [[1, 2, 3]]],
            {},
            "elements of sequence 1 have shape (3,), those of the first (2,)",
        ),
    ],
)
def test_sequences_that_are_none(sequences, settings, message):
    with pytest.raises(DataError) as error:
        nnc.utils.pad_sequences(sequences, **settings)
    assert str(error.value) == f"pad_sequences: {message}"
