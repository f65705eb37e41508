"""Memory that begins with a line of the cache, where it is asked for and in programs."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.aligned import LINE, aligned_empty, aligned_zeros


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 5), (4, 0, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "int64", "uint8"])
def test_arrays(shape, dtype):
    for _ in range(5):  # what precedes them in memory differs
        zeros, array = aligned_zeros(shape, dtype), aligned_empty(shape, dtype)
        for found in (zeros, array):
            assert (found.shape, str(found.dtype)) == (shape, dtype)
            assert found.size == 0 or found.ctypes.data % LINE == 0
            assert found.flags.c_contiguous and found.flags.writeable
        assert not zeros.any()
        array[...] = 1
        assert array.sum() == array.size


def test_weights_of_programs(tmp_path):
    model = nnc.Sequential(
        [layers.Input((6, 6, 3)), layers.Conv2D(5, 3, use_bias=False), layers.BatchNormalization(), layers.Flatten()]
    )
    program = nnc.compile(model)
    program.save(tmp_path / "model.nnc")
    for each in (program, nnc.load(tmp_path / "model.nnc")):
        each(numpy.ones((2, 6, 6, 3), "float32"))
        found = each.executor.state.all_arrays
        vectors = {label for label in found if label == "parameters" or label.startswith("hoisted/")}
        assert len(vectors) == 3  # a kernel and a bias are derived
        assert {found[label].ctypes.data % LINE for label in vectors} == {0}
