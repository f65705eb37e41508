"""Runs compute without subnormal numbers, in every thread, as Keras does; and callers go on as before."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import keras
import numpy
import pytest

import nnc
from tests.backends.c.helpers import is_gcc
from tests.backends.c.test_pool import fork
from tests.backends.c.test_threads import threads

__all__ = ["fork", "threads"]
pytestmark = [
    pytest.mark.usefixtures("compiler"),
    pytest.mark.skipif(
        platform.machine() not in {"x86_64", "AMD64", "aarch64", "arm64"}, reason="the control register is not known"
    ),
]
SMALLEST = numpy.finfo("float32").tiny


def scaled(nn, width: int):
    return nn.Sequential([nn.Input((width,)), nn.layers.Rescaling(1e-10)])


def small_products() -> float:
    """Return what NumPy makes of two small numbers: this thread's control register says."""
    return float((numpy.full(64, 1e-30, "float32") * numpy.float32(1e-10))[0])


@pytest.mark.parametrize(("rows", "width"), [(1, 3), (700, 900)], ids=["one thread", "several"])
def test_results_and_operands_are_flushed_as_in_keras(rows, width, threads):
    x = numpy.full((rows, width), 1e-30, "float32")
    x[:, 1] = 1e-20
    x[:, 2] = 1e-39  # times 1e-10 it would be 0 anyway
    program = nnc.compile(scaled(nnc, width), backend="c")
    expected = scaled(keras, width).predict(x, verbose=0)
    assert not expected[:, 0].any()
    for count in (1, 2, 3):
        threads(count)
        found = program(x)
        assert (found == 0).tolist() == (expected == 0).tolist()
        numpy.testing.assert_allclose(found, expected, rtol=1e-6)
    assert small_products() > 0


def test_operands_are_flushed(fork, threads):
    fork(lambda index: None, 8)  # threads that were there before the first run compute like it
    scale = nnc.Sequential([nnc.Input((600,)), nnc.layers.Rescaling(1e30)])
    x, program = numpy.full((6000, 600), 1e-39, "float32"), nnc.compile(scale, backend="c")
    for count in (1, 8, 8, 8):
        threads(count)
        assert not program(x).any()


def moments(backend: str):
    """Return what Adam keeps of a weight that had a gradient once, and then none for 850 steps."""
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1, use_bias=False)])
    model.compile("adam", "mse")
    x = numpy.zeros((851, 2), "float32")
    x[0] = 1
    model.program.use_backend(backend)
    model.fit(x, numpy.ones((851, 1), "float32"), batch_size=1, shuffle=False, verbose=0)
    return numpy.concatenate([numpy.ravel(variable) for variable in model.optimizer.variables[2:]])


def test_training_leaves_none():
    def count(array):
        return int(((numpy.abs(array) < SMALLEST) & (array != 0)).sum())

    assert count(moments("numpy")) > 0
    assert count(moments("c")) == 0


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there the pool is not used anyway")
def test_threads_of_an_openmp_library_are_flushed_too():
    if not is_gcc():
        pytest.skip("needs GCC's own OpenMP library")
    text = "cc -U__linux__"  # as where units have no pool
    code = f"import pytest, sys; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', {__file__!r}]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CC": text, "OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
