"""Pooling where TensorFlow cannot be asked, and gradients of equal elements."""

from __future__ import annotations

import numpy
import pytest

import nnc

GENERATOR = numpy.random.default_rng(1)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_adaptive_maximum_of_one_element_is_the_global_maximum(count, data_format):
    row = (2, 3, 4, 5, 2)[: count + 1]
    x = GENERATOR.normal(size=(3, *(row if data_format == "channels_first" else row[::-1]))).astype("float32")
    adaptive = getattr(nnc.layers, f"AdaptiveMaxPooling{count}D")(1, data_format)
    whole = getattr(nnc.layers, f"GlobalMaxPooling{count}D")(data_format, keepdims=True)
    expected = whole(x)
    numpy.testing.assert_array_equal(adaptive(x), expected)
    seed = GENERATOR.normal(size=expected.shape).astype("float32")
    numpy.testing.assert_array_equal(adaptive.backward(seed), whole.backward(seed))


@pytest.mark.parametrize(
    ("pool_size", "strides", "padding"),
    [((2, 2), None, "valid"), ((2, 2), None, "same"), ((3, 3), 2, "same"), ((3, 2), 1, "valid"), ((2, 2), 3, "valid")],
)
def test_the_first_of_equal_elements_gets_the_gradient(pool_size, strides, padding):
    tf = pytest.importorskip("tensorflow")
    x = GENERATOR.integers(0, 2, (2, 7, 6, 3)).astype("float32")
    ours, theirs = (nn.layers.MaxPooling2D(pool_size, strides, padding=padding, name="pool") for nn in (nnc, tf.keras))
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        expected = theirs(variable)
    numpy.testing.assert_array_equal(ours(x), expected.numpy())
    seed = GENERATOR.normal(size=expected.shape).astype("float32")
    gradient = tape.gradient(expected, variable, tf.constant(seed)).numpy()
    numpy.testing.assert_allclose(ours.backward(seed), gradient, rtol=1e-6, atol=1e-6)
