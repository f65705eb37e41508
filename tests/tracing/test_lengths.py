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


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_another_number_of_rows_than_that_of_a_weight_is_refused(backend, keras):
    """Keras, too, cannot add 3 rows to 5, or give 7 of them."""

    class Memory(keras.layers.Layer):
        def build(self, shape):
            self.rows = self.add_weight(shape=shape, initializer="zeros", trainable=False)

        def call(self, x):
            self.rows.assign(self.rows + x)
            return self.rows * 2.0

    x = keras.Input(batch_shape=(5, 3))
    program = nnc.compile(keras.Model(x, Memory()(x)), backend=backend)
    ones = numpy.ones((7, 3), "float32")
    assert numpy.array_equal(program(ones[:5]), 2.0 * ones[:5])
    for rows in (3, 7):
        with pytest.raises(nnc.errors.ModelError, match=rf"^Layer '\w+' takes 5 rows at a time, .* got {rows};"):
            program(ones[:rows])
    assert numpy.array_equal(program(ones[:5]), 4.0 * ones[:5])  # no other call has changed it
