"""`nnc.backend` beside the functions that Keras's backend had on TensorFlow."""

from __future__ import annotations

import itertools

import numpy
import pytest

import nnc
from nnc.errors import ModelError

RNG = numpy.random.default_rng(0)
A, B = RNG.normal(size=(2, 3, 4)).astype("float32")
P = RNG.random((3, 4)).astype("float32")
Q = P / P.sum(1, keepdims=True)
ONE = [(A,)]
TWO = [(A, B), (A, A)]
OVER = [(A,), (A, 1), (A, 0, True)]
ALONG = [(A,), (A, 1)]
TRUTH = [(A > 0,), (A > 0, 1), (A > 0, 0, True)]
ALONE = """abs cos exp flatten hard_sigmoid ndim ones_like round sigmoid sign sin softplus softsign sqrt square
stop_gradient tanh transpose zeros_like dtype int_shape"""
OF_TWO = "equal greater greater_equal less less_equal maximum minimum not_equal"
OVER_AXES = "max min sum prod mean var std"
ALONG_AN_AXIS = "argmax argmin cumsum cumprod softmax elu l2_normalize expand_dims"
CALLS = {
    **dict.fromkeys(ALONE.split(), ONE),
    **dict.fromkeys(OF_TWO.split(), TWO),
    **dict.fromkeys(OVER_AXES.split(), OVER),
    **dict.fromkeys(ALONG_AN_AXIS.split(), ALONG),
    **dict.fromkeys(("all", "any"), TRUTH),
    "log": [(P,)],
    "arange": [(3,), (1, 4), (0, 6, 2, "float32")],
    "cast": [(A, "int32")],
    "cast_to_floatx": [(A > 0,)],
    "clip": [(A, -0.5, 0.5)],
    "concatenate": [([A, B],), ([A, B], 0)],
    "gather": [(A, numpy.array([0, 2]))],
    "one_hot": [(numpy.array([0, 2]), 3)],
    "permute_dimensions": [(A, (1, 0))],
    "reshape": [(A, (2, 6))],
    "squeeze": [(A[None], 0)],
    "stack": [([A, B],), ([A, B], 1)],
    "tile": [(A, (1, 2))],
    "pow": [(P, 2.0)],
    "relu": [(A,), (A, 0.1), (A, 0.0, 0.3), (A, 0.1, 0.5, 0.2), (A, 0.0, 6.0), (A, 0.2, 6.0, 0.0), (A, 0.0, None, 0.5)],
    "dot": [(A, B.T), (RNG.normal(size=(2, 3, 4)), RNG.normal(size=(5, 4, 6)))],
    "batch_flatten": [(RNG.normal(size=(2, 3, 4)),)],
    "repeat": [(A, 2)],
    "repeat_elements": [(A, 2, 1)],
    "reverse": [(A, 0), (A, (0, 1))],
    "switch": [(A > 0, A, B), (A[:, :1] > 0, A, B), (numpy.array(False), A, B)],
    "binary_crossentropy": [(P, Q), (P, A, True)],
    "categorical_crossentropy": [(Q, P), (Q, A, True)],
    "sparse_categorical_crossentropy": [(numpy.array([0, 1, 2]), Q), (numpy.array([0, 1, 2]), A, True)],
    "constant": [(2.5,), ([1, 2], "int32"), (3.0, None, (2, 2))],
    "eye": [(3,)],
    "ones": [((2, 3),)],
    "zeros": [((2, 3),)],
    "mean of truth": [(A > 0,)],
}


def as_tensor(item):
    import tensorflow

    if isinstance(item, list):
        return [as_tensor(part) for part in item]
    return tensorflow.constant(item) if isinstance(item, numpy.ndarray) else item


@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    from keras._tf_keras.keras import backend

    function = name.split()[0]
    for arguments in CALLS[name]:
        theirs = getattr(backend, function)(*map(as_tensor, arguments))
        ours = getattr(nnc.backend, function)(*arguments)
        if isinstance(theirs, str | tuple):
            assert ours == theirs
        else:
            assert numpy.asarray(ours).dtype == numpy.asarray(theirs).dtype
            numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_functions_in_a_graph():
    class Measured(nnc.layers.Layer):
        def call(self, x):
            return nnc.backend.switch(
                x > 0, nnc.backend.sqrt(x), nnc.backend.mean(x, 1, True) + nnc.backend.zeros_like(x)
            )

    inputs = nnc.Input((4,))
    model = nnc.Model(inputs, Measured()(inputs))
    wanted = numpy.where(A > 0, numpy.sqrt(numpy.maximum(A, 0)), A.mean(1, keepdims=True))
    numpy.testing.assert_allclose(model.predict(A, verbose=0), wanted, rtol=1e-6)


def test_weights():
    layer = nnc.layers.Dense(2)
    layer(numpy.ones((1, 3), "float32"))
    kernel, bias = layer.weights
    nnc.backend.batch_set_value([(kernel, numpy.ones((3, 2))), (bias, [1.0, 2.0])])
    nnc.backend.set_value(bias, [3.0, 4.0])
    found = nnc.backend.batch_get_value([kernel, bias])
    assert found[0].tolist() == [[1.0, 1.0]] * 3
    assert nnc.backend.get_value(bias).tolist() == [3.0, 4.0]
    assert nnc.backend.count_params(kernel) == 6
    with pytest.raises(ModelError, match="has no numbers before it runs"):
        nnc.backend.get_value(nnc.Input((2,)))


def test_means_of_whole_numbers_are_refused():
    with pytest.raises(ModelError, match="what comes of whole numbers is whole"):
        nnc.backend.mean(numpy.array([1, 2]))


def test_names_of_element_types():
    import keras

    dtypes = ["bool", "int8", "uint8", "int32", "uint32", "int64", "float32", "float64", int, float, bool]
    for count in (1, 2, 3):
        for given in itertools.combinations(dtypes, count):
            assert nnc.backend.result_type(*given) == keras.backend.result_type(*given), given
    for given in [None, int, float, bool, str, numpy.float64, numpy.dtype("int8"), "float16", numpy.int32]:
        assert nnc.backend.standardize_dtype(given) == keras.backend.standardize_dtype(given), given
    for name in ("float16", "int8", "bool", "float64", "uint32"):
        assert nnc.backend.is_float_dtype(name) == keras.backend.is_float_dtype(name)
        assert nnc.backend.is_int_dtype(name) == keras.backend.is_int_dtype(name)
    with pytest.raises(ValueError, match="invalid dtype: 'floaty'"):
        nnc.backend.standardize_dtype("floaty")


def test_numbers_of_names():
    prefix = "a name of this test"
    assert [nnc.backend.get_uid(prefix) for _ in range(3)] == [1, 2, 3]


def test_what_is_not_there_says_what_to_write():
    with pytest.raises(AttributeError, match=r"^nnc\.backend has no conv2d: write nnc\.ops\.conv$"):
        nnc.backend.conv2d  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'meanest'"):
        nnc.backend.meanest  # noqa: B018
