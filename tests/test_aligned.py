"""Memory that begins with a line of the cache, where it is asked for and in programs."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.aligned import LARGE, LARGE_PAGE, LINE, aligned_empty, aligned_zeros, used_bytes

SHAPES = [(), (0,), (7,), (3, 5), (4, 0, 2)]
DTYPES = ["float32", "float64", "bool", "int64", "uint8"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays(shape, dtype):
    for _ in range(5):  # what precedes them in memory differs
        array = aligned_empty(shape, dtype)
        assert_is_aligned(array, shape, dtype)
        array[...] = 1
        assert array.sum() == array.size


def test_zeros_in_one_piece_of_memory():
    types = {f"{dtype} {shape}": (shape, dtype) for dtype in DTYPES for shape in SHAPES}
    found = aligned_zeros(types)
    assert list(found) == list(types)
    for number, (label, array) in enumerate(found.items()):
        assert_is_aligned(array, *types[label])
        assert not array.any()  # what was written to the others is not here
        array[...] = number + 1
    assert len({id(array.base) for array in found.values()}) == 1


@pytest.mark.parametrize("nbytes", [LARGE - 1, LARGE, LARGE + 5])
def test_much_memory_begins_with_a_large_page(nbytes):
    kept = [aligned_empty((nbytes,), "uint8") for _ in range(3)]
    if nbytes >= LARGE:
        assert {array.ctypes.data % LARGE_PAGE for array in kept} == {0}
    assert all(array.nbytes == nbytes for array in kept)
    assert {used_bytes(array.base.nbytes) for array in kept} == {nbytes + LINE}


def assert_is_aligned(array, shape, dtype):
    assert (array.shape, str(array.dtype)) == (shape, dtype)
    assert array.size == 0 or array.ctypes.data % LINE == 0
    assert array.flags.c_contiguous and array.flags.writeable


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
