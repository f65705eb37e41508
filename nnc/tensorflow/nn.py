"""``tensorflow.nn``."""

from __future__ import annotations

from typing import Any

from nnc import ops
from nnc.tensorflow.math import l2_normalize, sigmoid, softplus, tanh, top_k
from nnc.tensorflow.signatures import renamed

__all__ = [
    "elu",
    "embedding_lookup",
    "gelu",
    "l2_normalize",
    "leaky_relu",
    "log_softmax",
    "moments",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "top_k",
]

elu = renamed(ops.elu, "features")
leaky_relu = renamed(ops.leaky_relu, "features", alpha=0.2)
log_softmax = renamed(ops.log_softmax, "logits", axis=-1)
relu = renamed(ops.relu, "features")
relu6 = renamed(ops.relu6, "features")
selu = renamed(ops.selu, "features")
silu = swish = renamed(ops.silu, "features")
softmax = renamed(ops.softmax, "logits", axis=-1)


def gelu(features: Any, approximate: bool = False, name: Any = None) -> Any:
    """Return Gaussian error linear units."""
    del name
    return ops.gelu(features, approximate)


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """Return mean and variance."""
    del shift, name
    return ops.moments(x, tuple(axes) if isinstance(axes, list) else axes, keepdims)


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: Any = None) -> Any:
    """Return the rows of a table that indices say."""
    del name
    found = ops.take(params, ids, axis=0)
    if max_norm is None:
        return found
    length = ops.sqrt(ops.sum(ops.square(found), axis=-1, keepdims=True))
    return found * (max_norm / ops.maximum(length, max_norm))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: Any = None) -> Any:
    """Return the cross-entropy of each row with probabilities as labels."""
    del name
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """Return the cross-entropy of each row with classes as labels."""
    del name
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """Return the cross-entropy of each element."""
    del name
    return ops.binary_crossentropy(labels, logits, from_logits=True)
