"""Functions between layers: arithmetic on symbolic tensors, and keras.ops in models of Keras's."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers.operation import OPERATIONS, Operation

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 6)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def arithmetic(nn):
    x = nn.Input((4, 6))
    y = nn.layers.Dense(6)(2.0 * x - 1.0)
    z = -((x / y + 3.0 / x) ** 2) + (1.0 - y) @ nn.layers.Permute((2, 1))(x)[:, :, :4] @ y
    return nn.Model(x, [z[:, 1:3, ::2] * 0.5, y[:, -1], x[..., 0], x[:, 0, None, 2:]])


def test_arithmetic_on_symbolic_tensors_is_that_of_keras(keras):
    ours, theirs = arithmetic(nnc), arithmetic(keras)
    weights = [numpy.random.default_rng(1).normal(size=weight.shape).astype("float32") for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    read = nnc.compile(theirs)
    for found, again, expected in zip(ours.predict(X), read(X), theirs.predict(X, verbose=0), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(again, expected, rtol=1e-4, atol=1e-5)


CALLS = {
    "Absolute": lambda ops, x: ops.absolute(-x),
    "Add": lambda ops, x: ops.add(x, 2.0),
    "All": lambda ops, x: ops.all(x > 0.6, axis=-1),
    "Any": lambda ops, x: ops.any(x > 1.4, axis=1, keepdims=True),
    "Clip": lambda ops, x: ops.clip(x, 0.7, 1.2),
    "Concatenate": lambda ops, x: ops.concatenate([x, x], axis=-1),
    "Cos": lambda ops, x: ops.cos(x),
    "Divide": lambda ops, x: ops.divide(1.0, x),
    "Einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "Elu": lambda ops, x: ops.elu(x - 1.0),
    "Equal": lambda ops, x: ops.equal(x, ops.maximum(x, 1.0)),
    "Exp": lambda ops, x: ops.exp(x),
    "ExpandDims": lambda ops, x: ops.expand_dims(x, axis=-2),
    "Expm1": lambda ops, x: ops.expm1(x),
    "Floor": lambda ops, x: ops.floor(x),
    "Gelu": lambda ops, x: ops.gelu(x, approximate=False),
    "Greater": lambda ops, x: ops.greater(x, 1.0),
    "GreaterEqual": lambda ops, x: ops.greater_equal(x, 1.0),
    "HardSigmoid": lambda ops, x: ops.hard_sigmoid(x),
    "HardSilu": lambda ops, x: ops.hard_silu(x),
    "LeakyRelu": lambda ops, x: ops.leaky_relu(x - 1.0, negative_slope=0.3),
    "Less": lambda ops, x: ops.less(x, 1.0),
    "LessEqual": lambda ops, x: ops.less_equal(x, 1.0),
    "Log": lambda ops, x: ops.log(x),
    "Log1p": lambda ops, x: ops.log1p(x),
    "LogSoftmax": lambda ops, x: ops.log_softmax(x, axis=-1),
    "LogicalAnd": lambda ops, x: ops.logical_and(x > 0.7, x < 1.3),
    "LogicalNot": lambda ops, x: ops.logical_not(x > 1.0),
    "LogicalOr": lambda ops, x: ops.logical_or(x < 0.7, x > 1.3),
    "Matmul": lambda ops, x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "Max": lambda ops, x: ops.max(x, axis=1, keepdims=True),
    "Maximum": lambda ops, x: ops.maximum(x, 1.0),
    "Mean": lambda ops, x: ops.mean(x, axis=[1, 2]),
    "Min": lambda ops, x: ops.min(x, axis=-1),
    "Minimum": lambda ops, x: ops.minimum(x, 1.0),
    "Multiply": lambda ops, x: ops.multiply(x, x),
    "Negative": lambda ops, x: ops.negative(x),
    "NotEqual": lambda ops, x: ops.not_equal(x, ops.minimum(x, 1.0)),
    "OnesLike": lambda ops, x: ops.ones_like(x),
    "Power": lambda ops, x: ops.power(x, 3.0),
    "Reciprocal": lambda ops, x: ops.reciprocal(x),
    "Relu": lambda ops, x: ops.relu(x - 1.0),
    "Relu6": lambda ops, x: ops.relu6(x * 6.0),
    "Reshape": lambda ops, x: ops.reshape(x, (-1, 24)),
    "Rsqrt": lambda ops, x: ops.rsqrt(x),
    "Selu": lambda ops, x: ops.selu(x),
    "Sigmoid": lambda ops, x: ops.sigmoid(x),
    "Sign": lambda ops, x: ops.sign(x - 1.0),
    "Silu": lambda ops, x: ops.silu(x),
    "Sin": lambda ops, x: ops.sin(x),
    "Softmax": lambda ops, x: ops.softmax(x, axis=1),
    "Softplus": lambda ops, x: ops.softplus(x),
    "Softsign": lambda ops, x: ops.softsign(x),
    "Sqrt": lambda ops, x: ops.sqrt(x),
    "Square": lambda ops, x: ops.square(x),
    "Squeeze": lambda ops, x: ops.squeeze(ops.expand_dims(x, 1), axis=1),
    "Stack": lambda ops, x: ops.stack([x, x + 1.0], axis=1),
    "Subtract": lambda ops, x: ops.subtract(x, 1.0),
    "Sum": lambda ops, x: ops.sum(x, axis=-1, keepdims=False),
    "Tanh": lambda ops, x: ops.tanh(x),
    "Transpose": lambda ops, x: ops.transpose(x, (0, 2, 1)),
    "TrueDivide": lambda ops, x: ops.true_divide(x, 2.0),
    "ZerosLike": lambda ops, x: ops.zeros_like(x, dtype="int32"),
    "Var": lambda ops, x: ops.var(x, axis=1),
}
ELSEWHERE = {"Abs", "Cast", "GetItem", "OneHot", "Where"}
"""Abs is Absolute under a second name, GetItem is tested above, and the others below."""


def test_every_operation_is_tested():
    assert set(CALLS) | ELSEWHERE == set(OPERATIONS)


@pytest.mark.parametrize("name", CALLS)
def test_operations_of_keras_models(name, keras, tmp_path):
    x = keras.Input((4, 6))
    theirs = keras.Model(x, CALLS[name](keras.ops, x))
    classes = {type(layer).__name__ for layer in theirs.operations}
    assert name in classes
    theirs.save(tmp_path / "model.h5")  # where no entry says whether it is an operation or the layer of that name
    expected = numpy.asarray(theirs(X))
    for source in (theirs, tmp_path / "model.h5"):
        numpy.testing.assert_allclose(nnc.compile(source)(X), expected, rtol=1e-5, atol=1e-6)


def test_conditions_and_whole_numbers(keras):
    x, n = keras.Input((4, 6)), keras.Input((2,), dtype="int32")
    hot = keras.ops.one_hot(n, 3)
    theirs = keras.Model([x, n], [keras.ops.where(keras.ops.cast(n, "bool"), 1.0, 2.0), hot])
    numbers = numpy.array([[0, 1], [2, 0], [1, 1]], "int32")
    for found, expected in zip(nnc.compile(theirs)(X, numbers), theirs([X, numbers]), strict=True):
        numpy.testing.assert_allclose(found, numpy.asarray(expected))


def test_configs_and_errors():
    layer = Operation("Mean", {"axis": 1}, name="m")
    assert Operation.from_config(layer.get_config()).get_config() == layer.get_config()
    assert nnc.layers.layer_class("Operation") is Operation
    with pytest.raises(ModelError, match=r"unknown operation 'Maen' of keras.ops. Did you mean 'Mean'\?"):
        Operation("Maen")


def test_functions_of_tensorflow_in_keras_2():
    tf_keras = pytest.importorskip("tf_keras")
    import tensorflow as tf

    x = tf_keras.Input((4, 6))
    y = tf.nn.relu(x - 1.0) + tf.reduce_mean(x, axis=1, keepdims=True) * 2.0
    theirs = tf_keras.Model(x, [tf.concat([y, x], axis=-1), x[:, 1:, 0], tf.transpose(x, (0, 2, 1)) / 3.0])
    for found, expected in zip(nnc.compile(theirs)(X), theirs(X), strict=True):
        numpy.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-6)
