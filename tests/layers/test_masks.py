"""Masks travel with values as in Keras: through layers that support them, not through others, into calls."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.ir import ops
from nnc.layers import Activation, Dense, Flatten, Layer

X = numpy.array([[[1.0, 2], [0, 0]], [[3, 4], [5, 6]]], "float32")


class Mask(Layer):
    """Masks steps whose first element is not positive."""

    supports_masking = True

    def call(self, x):
        return x * 1.0

    def compute_mask(self, inputs, previous_mask):
        return ops.reshape(ops.take(inputs, -1, 0, 1) > 0.0, inputs.shape[:-1])


class Count(Layer):
    """The number of steps that count."""

    def call(self, x, mask=None):
        return ops.sum(x, (1, 2)) if mask is None else ops.sum(ops.cast(mask, x.dtype), 1)

    def compute_mask(self, inputs, previous_mask):
        return None


class Pair(Layer):
    """Two tensors, each with its mask."""

    def call(self, query, value, query_mask=None, value_mask=None):
        flags = [0.0 if mask is None else 1.0 for mask in (query_mask, value_mask)]
        return ops.sum(query, (1, 2)) * 0.0 + flags[0] + 2.0 * flags[1]

    def compute_mask(self, inputs, previous_mask):
        return None


def outputs(*layers):
    x = tensor = nnc.Input((2, 2))
    for layer in layers:
        tensor = layer(tensor)
    return nnc.Model(x, tensor).predict(X)


def test_a_mask_reaches_the_call():
    numpy.testing.assert_array_equal(outputs(Mask(), Count()), [1, 2])
    numpy.testing.assert_array_equal(outputs(Count()), [3, 18])


def test_a_mask_passes_through_layers_that_support_it():
    numpy.testing.assert_array_equal(outputs(Mask(), Dense(3), Activation("relu"), Count()), [1, 2])


def test_a_mask_ends_with_a_warning_at_a_layer_that_does_not():
    with pytest.warns(UserWarning, match=r"Layer 'flatten' .* will therefore destroy the mask"):
        outputs(Mask(), Flatten())


def test_masks_of_several_tensors_go_by_name():
    x, y = nnc.Input((2, 2)), nnc.Input((2, 2))
    model = nnc.Model([x, y], [Pair()(Mask()(x), y), Pair()(x, Mask()(y)), Pair()(Mask()(x), value=Mask()(y))])
    for found, expected in zip(model.predict([X, X]), [1, 2, 3], strict=True):
        numpy.testing.assert_array_equal(found, [expected] * 2)


def test_a_mask_can_be_given():
    x, mask = nnc.Input((2, 2)), nnc.Input((2,), dtype="bool")
    model = nnc.Model([x, mask], Count()(x, mask=mask))
    numpy.testing.assert_array_equal(model.predict([X, numpy.array([[1, 1], [0, 0]], bool)]), [2, 0])


def test_masks_pass_through_models():
    inner = nnc.Sequential([nnc.Input((2, 2)), Mask(), Dense(3)])
    numpy.testing.assert_array_equal(outputs(inner, Count()), [1, 2])


@pytest.mark.parametrize(
    "mask",
    [[[1, 0, 1]], [[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]], [[0.7, 0.2, 0.6]]],
    ids=["row", "rows", "numbers"],
)
def test_softmax_takes_a_mask(mask):
    keras = pytest.importorskip("keras")
    x = numpy.random.default_rng(6).normal(size=(4, 3)).astype("float32")
    mask = numpy.broadcast_to(numpy.array(mask), (4, 3))
    mask = mask.astype("float32" if mask.dtype.kind == "f" else bool)
    expected = keras.layers.Softmax()(x, mask=keras.ops.convert_to_tensor(mask))
    numpy.testing.assert_allclose(nnc.layers.Softmax()(x, mask=mask), numpy.asarray(expected), rtol=1e-6, atol=1e-7)


def test_a_mask_for_softmax_must_fit():
    with pytest.raises(
        ModelError, match=r"`mask` must be broadcastable to the input, got one of type bool\[batch,2\] for"
    ):
        nnc.layers.Softmax()(numpy.ones((4, 3)), mask=numpy.ones((4, 2), bool))
