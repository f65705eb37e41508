"""Helpers of Keras's utils: seeds and one-hot rows."""

from __future__ import annotations

import threading

import numpy
import pytest

import nnc
from nnc.errors import DataError


def first_weight() -> float:
    layer = nnc.layers.Dense(1)
    layer([[1.0]])
    return float(layer.parameters[0, 0])


def test_seeds_decide():
    nnc.utils.set_random_seed(7)
    found = [first_weight() for _ in range(3)]
    assert len(set(found)) == 3
    nnc.utils.set_random_seed(7)
    assert [first_weight() for _ in range(3)] == found
    nnc.utils.set_random_seed(numpy.int64(8))
    assert first_weight() != found[0]


def test_a_thread_starts_with_seed_0():
    found = []
    thread = threading.Thread(target=lambda: found.append(first_weight()))
    thread.start()
    thread.join()
    nnc.utils.set_random_seed(0)
    assert found == [first_weight()]


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True])
def test_seeds_that_are_none(seed):
    with pytest.raises(DataError) as error:
        nnc.utils.set_random_seed(seed)
    assert str(error.value) == f"set_random_seed: the seed must be a whole number of at least 0, got {seed!r}"


@pytest.mark.parametrize(
    ("x", "classes"),
    [([0, 2, 1], None), ([0, 2, 1], 5), ([[0], [1]], None), ([[0, 1], [2, 0]], None), (3, None), ([[[1]], [[0]]], 2)],
)
def test_rows_are_those_of_keras(x, classes):
    from keras.utils import to_categorical

    found, expected = nnc.utils.to_categorical(x, classes), to_categorical(x, classes)
    assert found.dtype == "float32"
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("x", "classes", "message"),
    [
        ([0, 3], 3, "class indices must be 0 … 2, got 3"),
        ([0, -1], 3, "class indices must be 0 … 2, got -1"),
        ([-2], None, "class indices must be 0 … -2, got -2"),
        ([], None, "there are no class indices"),
    ],
)
def test_indices_out_of_range(x, classes, message):
    with pytest.raises(DataError) as error:
        nnc.utils.to_categorical(x, classes)
    assert str(error.value) == f"to_categorical: {message}"
