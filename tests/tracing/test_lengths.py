"""Lengths as operands and as tensors, and ``==`` of the author's, in traced layers beside Keras."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def divided(keras, x):
    return x / keras.ops.shape(x)[0] + 2 * keras.ops.shape(x)[0]


def below_zero(keras, x):
    return x * (keras.ops.shape(x)[0] - 3)


def as_tensors(keras, x):
    rows = keras.ops.cast(keras.ops.shape(x)[0], "float32")
    sizes = keras.ops.cast(keras.ops.convert_to_tensor(keras.ops.shape(x)), "float32")
    return x * rows + keras.ops.sum(sizes) + keras.ops.cast(keras.ops.prod(sizes), "float32")


def filled(keras, x):
    halves = keras.ops.convert_to_tensor(numpy.full((keras.ops.shape(x)[0], 3), 0.5, "float32"))
    return keras.ops.concatenate([x, halves], axis=1)[:, 1:4]


def equal(keras, x):
    signs = keras.ops.where(x == 1.0, 10.0, x)
    return keras.ops.where((x > 0.0) == (x < 2.0), signs, -signs)


@pytest.mark.parametrize("function", [divided, below_zero, as_tensors, filled, equal])
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_layers(function, backend, keras):
    class Own(keras.layers.Layer):
        def compute_output_spec(self, x, **options):
            return keras.KerasTensor(x.shape, dtype=x.dtype)

        def call(self, x):
            return function(keras, x)

    theirs = keras.Sequential([keras.Input((3,)), Own()])
    program = nnc.compile(theirs, backend=backend)
    for rows in (2, 5):
        x = numpy.arange(-2.0, 3 * rows - 2.0, dtype="float32").reshape(rows, 3)
        numpy.testing.assert_allclose(program(x), numpy.asarray(theirs(x)), rtol=1e-6)
