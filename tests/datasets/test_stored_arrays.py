"""Pickled arrays are read as NumPy wrote them, and damage is one error, whatever it is."""

from __future__ import annotations

import io
import pickle
import random

import numpy
import pytest

from nnc.datasets.stored_arrays import unpickled
from nnc.errors import DataError

TEXTS = numpy.empty(3, object)
TEXTS[:] = [[5, 1, 300], [], [70_000, -1]]
ARRAYS = {
    "bytes": numpy.arange(24, dtype="uint8").reshape(2, 3, 4),
    "floats": numpy.linspace(0, 1, 6).reshape(2, 3),
    "transposed": numpy.arange(6, dtype="int32").reshape(2, 3).T,
    "other end first": numpy.arange(4, dtype=">i8"),
    "none": numpy.empty((0, 2), "float32"),
    "truth": numpy.array([True, False]),
}


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_are_as_they_were(protocol):
    for name, array in ARRAYS.items():
        found = unpickled(io.BytesIO(pickle.dumps({b"a": array, b"n": [1, 2]}, protocol)), "file")
        numpy.testing.assert_array_equal(found[b"a"], array, err_msg=name)
        assert found[b"a"].dtype == array.dtype
        assert found[b"n"] == [1, 2]
    assert unpickled(io.BytesIO(pickle.dumps(TEXTS, protocol)), "file").tolist() == TEXTS.tolist()


def test_damage_is_one_error():
    draw = random.Random(0)
    whole = [pickle.dumps(given, protocol) for given in ({b"a": ARRAYS["bytes"]}, TEXTS) for protocol in (2, 4)]
    for _ in range(2_000):
        data = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            unpickled(io.BytesIO(bytes(data)), "file")
        except DataError as error:
            assert str(error).startswith("file: expected arrays, and cannot be read as such: ")


@pytest.mark.parametrize("given", [len, ValueError("x"), numpy.random.default_rng(0), numpy.array(["text"])])
def test_what_is_no_array_is_refused(given):
    with pytest.raises(DataError, match="file: expected arrays"):
        unpickled(io.BytesIO(pickle.dumps(given, 4)), "file")
