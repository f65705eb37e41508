"""Axes with another length on both backends, against TensorFlow."""

from __future__ import annotations

import warnings
from itertools import product

import numpy
import pytest

import nnc
from nnc import ops
from nnc.backends.c.toolchain import find_compiler

SIZES = {
    "larger": ((9, 7, 3), (20, 15)),
    "smaller": ((40, 33, 2), (7, 9)),
    "few of many": ((300, 150, 3), (20, 21)),  # on NumPy, of axes that are long for a product
    "one": ((1, 5, 4), (3, 1)),
    "for several threads": ((30, 40, 16), (61, 90)),
}
C = pytest.param("c", marks=pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler"))
FILTERS = list(product(["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"], [False, True]))


@pytest.fixture(scope="module")
def resize():
    """TensorFlow's function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").image.resize


def resizing(shape, size, filters, **options):
    """Return a program with an output for each filter."""
    x = nnc.Input(shape)
    found = [ops.image.resize(x, size, interpolation=method, antialias=antialias) for method, antialias in filters]
    return nnc.compile(nnc.Model(x, found), **options)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("backend", ["numpy", C])
def test_resizing_is_that_of_tensorflow(backend, sizes, resize):
    shape, size = SIZES[sizes]
    x = numpy.random.default_rng(1).normal(size=(2, *shape)).astype("float32")
    found = resizing(shape, size, FILTERS, backend=backend)(x)
    for number, (method, antialias) in enumerate(FILTERS):
        expected = resize(x, size, method=method, antialias=antialias).numpy()
        numpy.testing.assert_allclose(found[number], expected, rtol=1e-5, atol=1e-5, err_msg=method)


@pytest.mark.parametrize("number", [numpy.nan, numpy.inf])
@pytest.mark.parametrize("backend", ["numpy", C])
def test_what_is_not_finite_stays_among_its_neighbours(backend, number, resize):
    x = numpy.ones((1, 12, 10, 3), "float32")
    x[0, 4, 5] = number
    found = numpy.reshape(resizing((12, 10, 3), (24, 25), [("bilinear", False)], backend=backend)(x), (1, 24, 25, 3))
    expected = resize(x, (24, 25)).numpy()
    assert 0 < numpy.count_nonzero(numpy.isfinite(expected)) < expected.size
    numpy.testing.assert_array_equal(numpy.isfinite(found), numpy.isfinite(expected))
