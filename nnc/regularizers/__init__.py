"""Keras's regularizers as graph arithmetic: what a weight or an output adds to the loss."""

from nnc.regularizers.orthogonal import OrthogonalRegularizer
from nnc.regularizers.registry import REGULARIZERS, RegularizerFunction, deserialize, get, serialize
from nnc.regularizers.regularizer import L1, L1L2, L2, Regularizer

l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "REGULARIZERS",
    "OrthogonalRegularizer",
    "Regularizer",
    "RegularizerFunction",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
