"""Layers: Keras's vocabulary, each lowering itself to graph arithmetic."""

from nnc.layers.activation import ReLU, Softmax
from nnc.layers.base import Layer
from nnc.layers.core import Activation, Dense, Input, InputLayer
from nnc.layers.merging import Add, Concatenate
from nnc.layers.registry import layer_class, layer_classes, register
from nnc.layers.regularization import Dropout
from nnc.layers.reshaping import Flatten, Reshape
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.variable import Variable

__all__ = [
    "Activation",
    "Add",
    "Call",
    "Concatenate",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "ReLU",
    "Reshape",
    "Softmax",
    "SymbolicTensor",
    "Variable",
    "layer_class",
    "layer_classes",
    "register",
]
