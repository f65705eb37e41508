"""Convolutions and pooling that a model of Keras's cannot compute itself, and what is refused."""

from __future__ import annotations

import numpy
import pytest

import nnc
from tests.operations.test_operations import X, keras  # noqa: F401

KERNEL = numpy.random.default_rng(1).normal(size=(2, 5, 6)).astype("float32")
IMAGES = numpy.random.default_rng(2).normal(size=(2, 4, 3, 2)).astype("float32")
WEIGHTS = numpy.random.default_rng(3).normal(size=(3, 2, 4, 2)).astype("float32")


@pytest.mark.parametrize(
    ("x", "kernel", "settings"),
    [
        (X, KERNEL, {"strides": 2}),
        (X, KERNEL, {"strides": 3, "padding": "same"}),
        (X, KERNEL, {"strides": 2, "output_padding": 0}),
        (IMAGES, WEIGHTS, {"strides": (2, 3), "padding": "same", "output_padding": 1}),
        (IMAGES, WEIGHTS, {"dilation_rate": 2}),
        (IMAGES, WEIGHTS, {"strides": (2, 1), "data_format": "channels_last"}),
    ],
)
def test_transposed_convolution(x, kernel, settings, keras):  # noqa: F811
    """Keras 3.15 exchanges two arguments where a model calls the operation, but not where arrays are given."""
    symbolic = keras.Input(x.shape[1:])
    model = keras.Model(symbolic, keras.ops.conv_transpose(symbolic, kernel, **settings))
    expected = numpy.asarray(keras.ops.conv_transpose(x, kernel, **settings))
    for backend in ("numpy", "c"):
        numpy.testing.assert_allclose(nnc.compile(model, backend=backend)(x), expected, rtol=1e-5, atol=1e-6)
