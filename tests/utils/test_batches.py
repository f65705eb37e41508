"""Batches packed and unpacked, beside Keras's."""

from __future__ import annotations

import pytest

import nnc
from nnc.errors import DataError


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.parametrize("data", [5, (5,), [5], (5, 6), [5, 6], (5, 6, 7), ((1, 2), 6), ([1, 2],), {"a": 1}])
def test_unpacked(data, keras):
    assert nnc.utils.unpack_x_y_sample_weight(data) == keras.utils.unpack_x_y_sample_weight(data)


@pytest.mark.parametrize("data", [(), [], (1, 2, 3, 4)])
def test_no_batches(data, keras):
    with pytest.raises(ValueError, match="expected to be in format"):
        keras.utils.unpack_x_y_sample_weight(data)
    with pytest.raises(DataError, match=rf"a batch is x, .* got {len(data)} elements in a {type(data).__name__}$"):
        nnc.utils.unpack_x_y_sample_weight(data)


@pytest.mark.parametrize("given", [(5,), ((5,),), ([5, 6],), (5, 6), ((5,), 6), (5, 6, 7), (5, None, 7)])
def test_packed(given, keras):
    assert nnc.utils.pack_x_y_sample_weight(*given) == keras.utils.pack_x_y_sample_weight(*given)
