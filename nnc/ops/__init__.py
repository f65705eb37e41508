"""Operations, each with its types, meaning, derivative, aliasing and cost in one place, and functions to apply them."""

from nnc.ops.arithmetic import absolute, clip, floor, maximum, minimum, reciprocal, relu, sign, sqrt, square
from nnc.ops.comparison import equal, logical_and, logical_or, where
from nnc.ops.convolution import convolution, transposed_convolution
from nnc.ops.crossentropy import log_softmax, sigmoid_crossentropy, softmax, softmax_crossentropy
from nnc.ops.einsum import einsum
from nnc.ops.exponential import erf, exp, expm1, log, log1p, logaddexp, sigmoid, softplus, tanh
from nnc.ops.fusion import Fusion
from nnc.ops.gathering import argsort, gather, sort, take_along_axis
from nnc.ops.matmul import matmul
from nnc.ops.movement import broadcast_to, concatenate, flip, pad, reshape, take, transpose
from nnc.ops.packing import Pack, Unpack
from nnc.ops.pooling import average_pool, max_pool, repeat, sum_pool
from nnc.ops.random import random_uniform
from nnc.ops.reduction import argmax, cumulative_product, cumulative_sum, max, mean, sum
from nnc.ops.scan import Scan, scan
from nnc.ops.sizes import cast, one_hot, size
from nnc.ops.sparsemax import sparsemax
from nnc.ops.straight_through import stop_gradient, straight_through
from nnc.ops.trigonometric import cos, sin

__all__ = [
    "Fusion",
    "Pack",
    "Scan",
    "Unpack",
    "absolute",
    "argmax",
    "argsort",
    "average_pool",
    "broadcast_to",
    "cast",
    "clip",
    "concatenate",
    "cos",
    "cumulative_product",
    "cumulative_sum",
    "einsum",
    "convolution",
    "equal",
    "erf",
    "exp",
    "expm1",
    "flip",
    "floor",
    "gather",
    "log",
    "log1p",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_or",
    "matmul",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "minimum",
    "one_hot",
    "pad",
    "random_uniform",
    "reciprocal",
    "relu",
    "repeat",
    "reshape",
    "scan",
    "sigmoid",
    "sigmoid_crossentropy",
    "sign",
    "sin",
    "size",
    "softmax",
    "softmax_crossentropy",
    "softplus",
    "sort",
    "sparsemax",
    "sqrt",
    "square",
    "stop_gradient",
    "straight_through",
    "sum",
    "sum_pool",
    "take",
    "take_along_axis",
    "tanh",
    "transpose",
    "transposed_convolution",
    "where",
]
