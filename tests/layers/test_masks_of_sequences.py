"""Masks that embeddings and masking layers make are Keras's."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.layers import EinsumDense, Embedding, Layer, Masking


class MaskAsNumbers(Layer):
    """Returns the mask of its input as 0 and 1, repeated to its shape; 2 where there is none."""

    supports_masking = True

    def call(self, x, mask=None):
        return x * 0.0 + (2.0 if mask is None else nnc.ir.ops.cast(nnc.ir.ops.reshape(mask, (*mask.shape, 1)), x.dtype))


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32"])
def test_an_embedding_masks_zero(keras, dtype):
    x = numpy.array([[0, 3, 1], [2, 0, 0]], dtype)
    inputs = nnc.Input((3,), dtype=dtype)
    layer, theirs = Embedding(4, 2, mask_zero=True), keras.layers.Embedding(4, 2, mask_zero=True)
    found = nnc.Model(inputs, MaskAsNumbers()(layer(inputs))).predict(x)
    numpy.testing.assert_array_equal(found[..., 0], numpy.asarray(theirs.compute_mask(x)).astype("float32"))
    unmasked = Embedding(4, 2)
    assert not unmasked.supports_masking
    assert nnc.Model(inputs, MaskAsNumbers()(unmasked(inputs))).predict(x).min() == 2.0


@pytest.mark.parametrize("value", [0.0, 1.5, numpy.float32(1.5), {"class_name": "__numpy__", "config": {"value": 1.5}}])
def test_masking_masks_steps_of_one_value(keras, value):
    x = numpy.random.default_rng(0).integers(0, 2, (5, 6, 2)).astype("float32") * 1.5
    inputs = nnc.Input((6, 2))
    model = nnc.Model(inputs, [Masking(value)(inputs), MaskAsNumbers()(Masking(value)(inputs))])
    theirs = keras.layers.Masking(1.5 if isinstance(value, dict) else float(value))
    outputs, mask = model.predict(x)
    numpy.testing.assert_array_equal(outputs, numpy.asarray(theirs(x)))
    numpy.testing.assert_array_equal(mask[..., 0], numpy.asarray(theirs.compute_mask(x)).astype("float32"))
    assert 0 < mask.sum() < mask.size


def test_what_is_masked_may_be_no_number():
    x = numpy.array([[[numpy.inf, numpy.inf], [1.0, numpy.inf]]], "float32")
    numpy.testing.assert_array_equal(Masking(numpy.inf)(x), [[[0.0, 0.0], [1.0, numpy.inf]]])


def test_a_number_without_row_is_an_error_that_names_it():
    model = nnc.Sequential([nnc.Input((2,), dtype="int32"), Embedding(4, 2)])
    with pytest.raises(DataError, match="index 4 is out of range for a table of 4 rows; indices go from 0 to 3"):
        model.predict(numpy.array([[0, 4]]))
    numpy.testing.assert_array_equal(model.predict(numpy.array([[-1, 3]]))[0, 0], model.get_weights()[0][3])


def test_an_embedding_takes_its_first_value():
    table = numpy.arange(6.0).reshape(3, 2)
    for given in (table, [table]):
        numpy.testing.assert_array_equal(Embedding(3, 2, weights=given)(numpy.array([[2]]))[0, 0], [4.0, 5.0])
    with pytest.raises(ModelError, match="has shape"):
        Embedding(3, 1, weights=table)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embedding(0, 2), "`input_dim` must be a positive integer, got 0"),
        (lambda: Embedding(2, 2.5), "`output_dim` must be a positive integer, got 2.5"),
        (lambda: Embedding(2, 2, mask_zero="no"), "mask_zero must be True or False"),
        (lambda: Embedding(2, 2, lora_rank=3), "lora_rank is not supported"),
        (lambda: Masking("x"), "mask_value must be a number, got 'x'"),
        (lambda: EinsumDense("ab,bc", 2), "invalid equation 'ab,bc'"),
        (lambda: EinsumDense("ab,bc->ac", "x"), "output_shape must be a positive integer"),
        (lambda: EinsumDense("ab,bc->ac", 2, bias_axes=""), "bias_axes must be letters"),
        (lambda: EinsumDense("ab,bc->ac", 2)(nnc.Input((3, 4))), "does not fit an input of shape"),
        (lambda: EinsumDense("ab,bd->ac", 2)(nnc.Input((3,))), "axis 'd' of the kernel of 'ab,bd->ac' is neither"),
        (lambda: EinsumDense("ab,b->ac", 2)(nnc.Input((3,))), "axis 'c' of the output of 'ab,b->ac' is neither"),
        (lambda: EinsumDense("ab,bc->ac", (2, 2))(nnc.Input((3,))), "gives an output of 2 axes, output_shape"),
        (lambda: EinsumDense("abc,cd->abd", (4, 2))(nnc.Input((3, 5))), "axis 'b' of equation 'abc,cd->abd' is 3 long"),
        (lambda: EinsumDense("ab,bc->ac", 2, bias_axes="b")(nnc.Input((3,))), "bias_axes 'b' name an axis that"),
        (lambda: EinsumDense("abc,cd->abd", (None, None))(nnc.Input((3, 5))), "'d' of the kernel must have a known"),
    ],
)
def test_arguments_that_do_not_fit(make, message):
    with pytest.raises(ModelError, match=message):
        make()
