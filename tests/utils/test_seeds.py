"""Seeds of everything random."""

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
