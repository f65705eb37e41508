"""Masks at layers with several inputs, and at means over steps, against Keras on TensorFlow."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.ir import ops


class Masking(layers.Layer):
    """Leaves out steps whose elements are all 0, as Keras's layer of this name does."""

    supports_masking = True

    def call(self, x):
        return x * 1.0

    def compute_mask(self, inputs, previous_mask):
        return ops.max(ops.absolute(inputs), -1) > 0.0


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def arrays() -> list[numpy.ndarray]:
    """Return two sequences in which some steps are 0 in one, some in both."""
    generator = numpy.random.default_rng(3)
    found = generator.normal(size=(2, 3, 4, 5)).astype("float32")
    found[0, :, 1], found[1, 1:, 2], found[:, 2, 3] = 0.0, 0.0, 0.0
    return list(found)


def predictions(nn, masking, make, masked: tuple[bool, bool]):
    """Return what a layer makes of two sequences, and the mean over the steps that its mask leaves."""
    inputs = [nn.Input((4, 5)) for _ in masked]
    tensors = [masking()(x) if flag else x for x, flag in zip(inputs, masked, strict=True)]
    merged = make(nn)(tensors)
    outputs = [merged, nn.layers.GlobalAveragePooling1D()(merged)] if len(merged.shape) == 3 else [merged]
    found = nn.Model(inputs, outputs).predict(arrays(), verbose=0)
    return found if isinstance(found, list) else [found]


LAYERS = {
    **{name: lambda nn, name=name: getattr(nn.layers, name)() for name in ("Add", "Subtract", "Multiply", "Average")},
    **{name: lambda nn, name=name: getattr(nn.layers, name)() for name in ("Maximum", "Minimum")},
    "Concatenate": lambda nn: nn.layers.Concatenate(),
    "Concatenate(1)": lambda nn: nn.layers.Concatenate(1),
    "Dot": lambda nn: nn.layers.Dot(2),
}


@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.sampled(6)
def test_masks_are_merged_as_in_keras(keras, name, masked):
    expected = predictions(keras, keras.layers.Masking, LAYERS[name], masked)
    found = predictions(nnc, Masking, LAYERS[name], masked)
    for ours, theirs in zip(found, expected, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("keepdims", [False, True])
def test_masked_means_and_their_gradients(keras, keepdims):
    tf = pytest.importorskip("tensorflow")
    x, mask = arrays()[0], numpy.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]], bool)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        expected = keras.layers.GlobalAveragePooling1D(keepdims=keepdims)(variable, mask=tf.constant(mask))
    layer = layers.GlobalAveragePooling1D(keepdims=keepdims)
    numpy.testing.assert_allclose(layer(x, mask=mask), expected.numpy(), rtol=1e-6, atol=1e-6)
    seed = numpy.random.default_rng(4).normal(size=expected.shape).astype("float32")
    gradient = tape.gradient(expected, variable, tf.constant(seed)).numpy()
    found = layer.backward(seed)
    found = found[0] if isinstance(found, list) else found
    numpy.testing.assert_allclose(found, gradient, rtol=1e-6, atol=1e-6)
