"""The random numbers: a pure function of key, stream and position, and as good as uniform ones."""

from __future__ import annotations

import itertools

import numpy
import pytest
import scipy.stats

from nnc.ir.ops.random import RandomUniform, element_counters, fill_uniform

COUNT = 100_000
SMALLEST_PROBABILITY = 1e-4
"""A fixed sample of a good generator fails a test at this level once in 10,000 times: choose another seed then."""
KEYS = [(0, 0), (0, 1), (1, 0), (1, 1), (2**32 - 1, 2**32 - 1), (12345, 678)]


def draw(key: tuple[int, int], stream: int = 0, shape: tuple[int, ...] = (COUNT,), dtype: str = "float64"):
    return RandomUniform(shape, stream, dtype).evaluate(numpy.array(key, "uint32"))


def test_the_same_key_and_stream_give_the_same_numbers():
    first = draw((3, 4), 5)
    numpy.testing.assert_array_equal(first, draw((3, 4), 5))
    assert (first[:4] * 2**24).tolist() == [131618, 4044924, 8715921, 10331408]  # saved trainings resume with these


def test_shape_and_type_do_not_change_the_numbers():
    flat = draw((3, 4), 5, (30,))
    numpy.testing.assert_array_equal(draw((3, 4), 5, (2, 3, 5)), flat.reshape(2, 3, 5))
    numpy.testing.assert_array_equal(draw((3, 4), 5, (7,)), flat[:7])
    numpy.testing.assert_array_equal(draw((3, 4), 5, (30,), "float32"), flat.astype("float32"))
    assert draw((3, 4), 5, ()).shape == ()


def test_filling_needs_nothing_but_the_given_arrays():
    words, scratch = numpy.empty((2, 10), "uint32")
    out = numpy.empty(10, "float32")
    counters = element_counters(10)
    for _ in range(2):
        fill_uniform(numpy.array([3, 4], "uint32"), 5, counters, words, scratch, out)
        numpy.testing.assert_array_equal(out, draw((3, 4), 5, (10,), "float32"))
    numpy.testing.assert_array_equal(counters, element_counters(10))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_numbers_are_uniform(key):
    numbers = draw(key)
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert abs(numbers.mean() - 0.5) < 5.0 * (1 / 12 / COUNT) ** 0.5
    assert abs(numbers.var() - 1 / 12) < 5.0 * (1 / 180 / COUNT) ** 0.5
    counts = numpy.histogram(numbers, bins=256, range=(0.0, 1.0))[0]
    assert SMALLEST_PROBABILITY < scipy.stats.chisquare(counts).pvalue < 1.0 - SMALLEST_PROBABILITY
    last_bits = numpy.bincount((numbers * 2.0**24).astype(int) % 16, minlength=16)
    assert scipy.stats.chisquare(last_bits).pvalue > SMALLEST_PROBABILITY


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("lag", [1, 2, 3, 64, 1000])
def test_neighbours_are_independent(key, lag):
    numbers = draw(key)
    first, second = numbers[:-lag], numbers[lag:]
    assert abs(numpy.corrcoef(first, second)[0, 1]) < 5.0 / COUNT**0.5
    pairs = numpy.histogram2d(first, second, bins=16, range=[(0.0, 1.0), (0.0, 1.0)])[0]
    assert scipy.stats.chisquare(pairs.ravel()).pvalue > SMALLEST_PROBABILITY


def test_keys_and_streams_give_independent_numbers():
    drawn = {(key, stream): draw(key, stream, (10_000,)) for key in KEYS for stream in (0, 1, 2, 1000)}
    for first, second in itertools.combinations(drawn, 2):
        assert (drawn[first] == drawn[second]).mean() < 1e-3, (first, second)
        assert abs(numpy.corrcoef(drawn[first], drawn[second])[0, 1]) < 0.05, (first, second)


def test_successive_counters_are_independent_at_each_position():
    numbers = numpy.array([draw((9, counter), 0, (64,)) for counter in range(2000)])
    assert abs(numpy.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 5.0 / numbers.size**0.5
    means = numbers.mean(0)
    assert abs(means - 0.5).max() < 5.0 * (1 / 12 / 2000) ** 0.5


def test_float32_never_reaches_one():
    assert draw((1, 2), 0, (1_000_000,), "float32").max() < 1.0
    assert numpy.float32(2**24 - 1) * numpy.float32(2.0**-24) < 1.0  # the largest number there is
