"""Activations with bounded results, and the logarithm of one of them."""

from __future__ import annotations

from nnc.activations.rectifiers import relu6
from nnc.activations.tensors import on_tensors
from nnc.ir import Value, ops


@on_tensors
def sigmoid(x: Value) -> Value:
    """Return ``1 / (1 + exp(-x))``.

    https://keras.io/api/layers/activations/#sigmoid-function
    """
    return ops.sigmoid(x)


@on_tensors
def hard_sigmoid(x: Value) -> Value:
    """Return ``x / 6 + 1/2`` limited to 0 … 1.

    https://keras.io/api/layers/activations/#hardsigmoid-function
    """
    return relu6(x + 3.0) / 6.0


@on_tensors
def hard_sigmoid_keras_2(x: Value) -> Value:
    """Return ``0.2 x + 1/2`` limited to 0 … 1: the hard sigmoid of Keras 1 and 2, in models read from their files.

    https://github.com/keras-team/keras/blob/v2.15.0/keras/activations.py
    """
    return ops.clip(x * 0.2 + 0.5, 0.0, 1.0)


@on_tensors
def sparse_sigmoid(x: Value) -> Value:
    """Return ``(x + 1) / 2`` limited to 0 … 1; flat at both ends.

    M. Blondel, A. F. T. Martins, V. Niculae: Learning classifiers with Fenchel-Young losses, 2019,
    https://arxiv.org/abs/1805.09717
    """
    return (ops.minimum(1.0, ops.maximum(-1.0, x)) + 1.0) * 0.5


@on_tensors
def log_sigmoid(x: Value) -> Value:
    """Return ``log(1 / (1 + exp(-x)))``.

    https://keras.io/api/layers/activations/#logsigmoid-function
    """
    return -ops.softplus(-x)


@on_tensors
def tanh(x: Value) -> Value:
    """Return the hyperbolic tangent.

    https://keras.io/api/layers/activations/#tanh-function
    """
    return ops.tanh(x)


@on_tensors
def hard_tanh(x: Value) -> Value:
    """Return x limited to -1 … 1; the slope at both ends is 1.

    https://keras.io/api/layers/activations/#hardtanh-function
    """
    return ops.clip(x, -1.0, 1.0)


@on_tensors
def softsign(x: Value) -> Value:
    """Return ``x / (|x| + 1)``.

    https://keras.io/api/layers/activations/#softsign-function
    """
    return x / (ops.absolute(x) + 1.0)
