"""The functions found multiply: both precisions, transposed or not, parts of larger matrices."""

from __future__ import annotations

import ctypes
import itertools
from pathlib import Path

import numpy
import pytest

from nnc.backends.c import blas
from nnc.backends.c.blas import Blas, find_blas

ROW_MAJOR, AS_IT_IS, TRANSPOSED = 101, 111, 112


def found():
    """Every BLAS that can be found here, by name."""
    sources = {"numpy": find_blas(), "scipy_openblas32": None}
    for library, spelling in itertools.product(blas._open(blas._packaged()), blas._SPELLINGS):
        sources["scipy_openblas32"] = sources["scipy_openblas32"] or blas._look_up(library, spelling)
    return {name: item for name, item in sources.items() if item is not None}


def product(item: Blas, left, right, left_transposed, right_transposed, out, alpha=1.0, beta=0.0):
    """Call a product through its address: out = alpha left right + beta out."""
    real = ctypes.c_double if left.dtype == numpy.float64 else ctypes.c_float
    size = ctypes.c_int64 if item.wide else ctypes.c_int
    pointer, enumeration = ctypes.c_void_p, ctypes.c_int
    kinds = [enumeration] * 3 + [size] * 3 + [real, pointer, size, pointer, size, real, pointer, size]
    function = ctypes.CFUNCTYPE(None, *kinds)(item.dgemm if real is ctypes.c_double else item.sgemm)
    inner = left.shape[0] if left_transposed else left.shape[1]
    function(
        ROW_MAJOR,
        TRANSPOSED if left_transposed else AS_IT_IS,
        TRANSPOSED if right_transposed else AS_IT_IS,
        *out.shape,
        inner,
        alpha,
        left.ctypes.data,
        left.strides[0] // left.itemsize,
        right.ctypes.data,
        right.strides[0] // right.itemsize,
        beta,
        out.ctypes.data,
        out.strides[0] // out.itemsize,
    )


@pytest.mark.parametrize("source", ["numpy", "scipy_openblas32"])
@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("left_transposed", [False, True])
@pytest.mark.parametrize("right_transposed", [False, True])
def test_product(source, dtype, left_transposed, right_transposed):
    item = found().get(source)
    if item is None:
        pytest.skip(f"no BLAS from {source}")
    random = numpy.random.default_rng(0)
    left = random.standard_normal((7, 13)).astype(dtype)
    right = random.standard_normal((13, 5)).astype(dtype)
    out = random.standard_normal((7, 9)).astype(dtype)[:, 2:7]  # a window on something wider
    expected = 0.5 * (left.astype(float) @ right.astype(float)) + 2.0 * out
    stored_left = left.T.copy() if left_transposed else left
    stored_right = right.T.copy() if right_transposed else right
    product(item, stored_left, stored_right, left_transposed, right_transposed, out, alpha=0.5, beta=2.0)
    numpy.testing.assert_allclose(out, expected, rtol=0, atol=50 * numpy.finfo(dtype).eps)


def test_threads_can_be_counted_and_set():
    item = find_blas()
    if item is None or item.set_threads is None or item.get_threads is None:
        pytest.skip("a BLAS without threads")
    count = ctypes.CFUNCTYPE(ctypes.c_int)(item.get_threads)
    choose = ctypes.CFUNCTYPE(None, ctypes.c_int)(item.set_threads)
    before = count()
    try:
        choose(1)
        assert count() == 1
    finally:
        choose(before)
    assert count() == before


def test_what_numpy_has_loaded_is_not_loaded_twice():
    item = find_blas()
    if item is None or "openblas" not in blas._numpy_blas():
        pytest.skip("NumPy without OpenBLAS")
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        pytest.skip("needs /proc")
    files = {line.split()[-1] for line in maps.splitlines() if "openblas" in line and "numpy" in line}
    assert len(files) == 1
    ranges = [line.split()[0].split("-") for line in maps.splitlines() if line.split()[-1] in files]
    assert any(int(first, 16) <= item.sgemm < int(last, 16) for first, last in ranges)


def test_there_may_be_none(monkeypatch):
    monkeypatch.setattr(blas, "_SPELLINGS", (blas._Spelling("nobody_", "", False),))
    assert find_blas.__wrapped__() is None


def test_names_that_do_not_tell_the_width_are_not_trusted(monkeypatch):
    class Library(dict):
        def __missing__(self, name):
            raise AttributeError(name)

    function = ctypes.CFUNCTYPE(None)(lambda: None)
    library = Library(cblas_sgemm=function, cblas_dgemm=function)
    for name, expected in (("mkl-dynamic-ilp64-seq", False), ("blas", True)):
        monkeypatch.setattr(blas, "_numpy_blas", lambda name=name: name)
        item = blas._look_up(library, blas._Spelling("", "", False))
        assert (item is not None) == expected
    assert item.name == "blas"
