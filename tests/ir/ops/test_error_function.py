"""The error function on arrays: accuracy, special values, and a form that does not allocate."""

from __future__ import annotations

import tracemalloc

import numpy
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.ops.error_function import _TILE, WORKSPACE_ARRAYS, error_function, write_error_function

ERRORS = {"float64": 4e-16, "float32": 3.6e-7}
"""In float32 three units in the last place of 1: what rounding leaves of one rational function. Two functions, of which
each element takes one, as in float64, would stay at two units and take 1.5 times as long."""
EACH_TYPE = pytest.mark.parametrize("dtype", ERRORS)


def workspace(x):
    return tuple(numpy.full_like(x, numpy.nan) for _ in range(WORKSPACE_ARRAYS))


@EACH_TYPE
def test_error_stays_below_the_bound(dtype):
    borders = [0.46875, 4.0, 6.0]
    near = [numpy.nextafter(border, side, dtype=dtype) for border in borders for side in (0.0, 10.0)]
    positive = numpy.concatenate([numpy.linspace(0.0, 7.0, 200_001), numpy.logspace(-300, 300, 601), borders, near])
    with numpy.errstate(over="ignore", under="ignore"):
        x = numpy.concatenate([positive, -positive]).astype(dtype)
    found = error_function(x)
    assert found.dtype == dtype
    assert numpy.abs(found - scipy.special.erf(x.astype("float64"))).max() < ERRORS[dtype]
    assert numpy.abs(found).max() == 1.0


@given(st.floats(allow_nan=False))
def test_any_number_is_close_and_odd(x):
    found = error_function(numpy.array(x))
    assert abs(found - scipy.special.erf(x)) < ERRORS["float64"]
    assert error_function(numpy.array(-x)) == -found


@EACH_TYPE
def test_small_numbers_keep_their_relative_accuracy(dtype):
    x = numpy.logspace(-30, -1, 1000).astype(dtype)
    numpy.testing.assert_allclose(error_function(x), scipy.special.erf(x.astype("float64")), rtol=ERRORS[dtype] * 4)


@EACH_TYPE
def test_special_values(dtype):
    x = numpy.array([numpy.inf, -numpy.inf, numpy.nan, 0.0, -0.0, 100.0], dtype)
    found = error_function(x)
    numpy.testing.assert_array_equal(found, numpy.array([1.0, -1.0, numpy.nan, 0.0, -0.0, 1.0], dtype))
    assert numpy.signbit(found).tolist() == [False, True, bool(numpy.signbit(found[2])), False, True, False]


@EACH_TYPE
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 3, 4)])
def test_shapes(dtype, shape):
    x = numpy.linspace(-3.0, 3.0, numpy.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = error_function(x)
    assert (found.shape, found.dtype) == (shape, dtype)
    numpy.testing.assert_allclose(found, scipy.special.erf(x), atol=ERRORS[dtype])


@EACH_TYPE
def test_writing_may_be_in_place_and_on_views(dtype):
    x = numpy.linspace(-7.0, 7.0, 60).astype(dtype)
    expected = error_function(x)
    out = numpy.empty_like(x)
    write_error_function(x, out, workspace(x))
    numpy.testing.assert_array_equal(out, expected)
    wide = numpy.zeros((60, 2), dtype)
    write_error_function(x, wide[:, 1], workspace(wide[:, 1]))
    numpy.testing.assert_array_equal(wide[:, 1], expected)
    assert not wide[:, 0].any()
    write_error_function(x, x, workspace(x))
    numpy.testing.assert_array_equal(x, expected)


@EACH_TYPE
def test_writing_allocates_nothing_that_grows(dtype):
    x = numpy.linspace(-7.0, 7.0, 1_000_000).astype(dtype)
    out, arrays = numpy.empty_like(x), workspace(x)
    write_error_function(x, out, arrays)
    tracemalloc.start()
    try:
        write_error_function(x, out, arrays)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000  # NumPy's own buffers, of a fixed size


@EACH_TYPE
def test_long_arrays_are_written_tile_by_tile(dtype):
    x = numpy.linspace(-5.0, 5.0, 2 * _TILE + 7).astype(dtype)
    expected = numpy.concatenate([error_function(part) for part in numpy.array_split(x, 5)])
    numpy.testing.assert_array_equal(error_function(x), expected)
    numpy.testing.assert_array_equal(error_function(x[: 2 * _TILE].reshape(64, -1)).reshape(-1), expected[: 2 * _TILE])
    write_error_function(x, x, workspace(x))
    numpy.testing.assert_array_equal(x, expected)
