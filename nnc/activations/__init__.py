"""Keras's activations as graph arithmetic; their gradients are derived."""

from nnc.activations.activation import Activation
from nnc.activations.gates import gelu, glu, hard_silu, mish, silu
from nnc.activations.normalizing import log_softmax, softmax, sparsemax
from nnc.activations.ramps import exponential, linear, softplus, sparse_plus, squareplus
from nnc.activations.rectifiers import celu, elu, leaky_relu, relu, relu6, selu, threshold
from nnc.activations.registry import ACTIVATIONS, ActivationFunction, deserialize, get, is_known, serialize
from nnc.activations.shrinking import hard_shrink, soft_shrink, tanh_shrink
from nnc.activations.sigmoids import (
    hard_sigmoid,
    hard_sigmoid_keras_2,
    hard_tanh,
    log_sigmoid,
    sigmoid,
    softsign,
    sparse_sigmoid,
    tanh,
)

hard_swish = hard_silu
swish = silu

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "ActivationFunction",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "is_known",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_sigmoid_keras_2",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
