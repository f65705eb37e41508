"""Rows of the ops that every network is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import scipy.special

from nnc.ir import Graph, Shape, TensorType, Value, ops
from nnc.ir.ops import arithmetic, comparison, crossentropy, exponential, movement, packing, random, reduction, sizes
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.matmul import LaneMatMul, MatMul
from nnc.ir.ops.sparsemax import Sparsemax
from tests.ir.ops.cases.case import (
    BATCH,
    FLAT,
    NONE,
    WHOLE,
    Case,
    binary,
    comparing,
    elements,
    real,
    truth,
    unary,
    whole,
)

ARITHMETIC = [
    *binary(arithmetic.Add(), lambda x, y: x + y),
    *binary(arithmetic.Subtract(), lambda x, y: x - y),
    *binary(arithmetic.Multiply(), lambda x, y: x * y),
    *binary(arithmetic.Divide(), lambda x, y: x / y, low=0.3),
    *binary(exponential.Power(), math.pow, low=0.3),
    *binary(arithmetic.Maximum(), lambda x, y: x if x > y else y),
    *binary(arithmetic.Minimum(), lambda x, y: x if x < y else y),
    Case(arithmetic.Add(), (whole(BATCH, 3), whole(3)), lambda x, y: x + y, WHOLE, flops=21),
    *unary(arithmetic.Negative(), lambda x: 0.0 - x),
    *unary(arithmetic.Absolute(), abs),
    *unary(arithmetic.Sign(), lambda x: float(x > 0) - float(x < 0), gradient=FLAT),
    *unary(arithmetic.Floor(), math.floor, gradient=FLAT),
    *unary(arithmetic.Square(), lambda x: x * x),
    *unary(arithmetic.SquareRoot(), math.sqrt, low=0.2),
    *unary(arithmetic.Reciprocal(), lambda x: 1.0 / x, low=0.2),
    *unary(arithmetic.Relu(), lambda x: x if x > 0 else 0.0),
    Case(arithmetic.Relu(), (whole(BATCH, 3),), lambda x: x.clip(0), WHOLE),
]

COMPARISON = [
    *comparing(comparison.Equal, lambda x, y: numpy.logical_not((x > y) | (x < y))),
    *comparing(comparison.NotEqual, lambda x, y: (x > y) | (x < y)),
    *comparing(comparison.Less, lambda x, y: numpy.maximum(x, y) != x),
    *comparing(comparison.LessEqual, lambda x, y: numpy.maximum(x, y) == y),
    *comparing(comparison.Greater, lambda x, y: numpy.minimum(x, y) != x),
    *comparing(comparison.GreaterEqual, lambda x, y: numpy.minimum(x, y) == y),
    *comparing(comparison.LogicalAnd, lambda x, y: (x != 0) & (y != 0)),
    *comparing(comparison.LogicalOr, lambda x, y: (x != 0) | (y != 0)),
    Case(comparison.Where(), (truth(BATCH, 1, 3), real(2, 1), real(3)), lambda c, x, y: c * x + (1 - c) * y),
    Case(comparison.Where(), (truth(), real(BATCH), real(BATCH)), lambda c, x, y: c * x + (1 - c) * y),
]

EXPONENTIAL = [
    *unary(exponential.Exponential(), math.exp),
    *unary(exponential.ExponentialMinusOne(), math.expm1),
    *unary(exponential.Logarithm(), math.log, low=0.2),
    *unary(exponential.LogarithmOnePlus(), math.log1p, low=-0.5),
    *binary(exponential.LogAddExp(), lambda x, y: math.log(math.exp(x) + math.exp(y))),
    *unary(exponential.HyperbolicTangent(), math.tanh),
    *unary(exponential.Sigmoid(), scipy.special.expit),
    *unary(exponential.Sigmoid(negated=True), lambda x: scipy.special.expit(-x)),
    *unary(exponential.ErrorFunction(), math.erf),
    *unary(exponential.ComplementaryErrorFunction(), math.erfc),
    Case(exponential.InverseErrorFunction(), (real(BATCH, 3, low=-0.95, high=0.95),), scipy.special.erfinv),
    Case(exponential.InverseErrorFunction(), (real(low=-0.95, high=0.95),), scipy.special.erfinv),
]


def matrices(x: Any, y: Any) -> Any:
    return numpy.einsum("...ij,...jk->...ik", x, y)


def matrices_in_lanes(x: Any, y: Any) -> Any:
    return numpy.einsum("...ijl,...jkl->...ikl", x, y)


MATMUL = [
    Case(MatMul(), (real(BATCH, 3), real(3, 5)), matrices, flops=2 * 7 * 3 * 5),
    Case(MatMul(), (real(BATCH, 2, 3), real(3, 5)), matrices, flops=2 * 7 * 2 * 3 * 5),
    Case(MatMul(), (real(2, 3), real(BATCH, 3, 5)), matrices),
    Case(MatMul(), (real(BATCH, 1, 2, 3), real(4, 3, 5)), matrices),
    Case(MatMul(), (real(2, 3, BATCH), real(2, BATCH, 5)), matrices),
    Case(MatMul(), (whole(2, 3), whole(3, 5)), matrices, WHOLE),
    Case(LaneMatMul(), (real(BATCH, 3, 19), real(3, 5, 19)), matrices_in_lanes, flops=2 * 7 * 3 * 5 * 19),
    Case(LaneMatMul(), (real(BATCH, 3, 1), real(3, 2, 16)), matrices_in_lanes),
    Case(LaneMatMul(), (real(BATCH, 5, 16), real(5, 4, 16)), matrices_in_lanes),
    Case(LaneMatMul(), (real(2, BATCH, 16), real(BATCH, 4, 1)), matrices_in_lanes),
    Case(LaneMatMul(), (real(2, BATCH, 32), real(BATCH, 3, 32)), matrices_in_lanes),
    Case(LaneMatMul(), (real(BATCH, 2, 3, 17), real(3, 1, 17)), matrices_in_lanes),
    Case(LaneMatMul(), (whole(2, 3, 4), whole(3, 5, 4)), matrices_in_lanes, WHOLE),
]


def scattered(x: Any) -> Any:
    result = numpy.zeros((7, 6, 5))
    result[:, [1, 4]] = x
    return result


def framed(x: Any) -> Any:
    result = numpy.zeros((7, 2))
    result[1:5, 0] = x[:, 0]
    return result


MOVEMENT = [
    Case(movement.Copy(), (real(BATCH, 2, 3),), lambda x: x, flops=0),
    Case(movement.Reshape((2, 15)), (real(2, 3, 5),), lambda x: x.reshape(2, 15), flops=0),
    Case(movement.Reshape((3 * BATCH, 2)), (real(BATCH, 6),), lambda x: numpy.stack([x.flat[::2], x.flat[1::2]], 1)),
    Case(movement.Reshape((1, 1)), (real(),), lambda x: numpy.array([[x]])),
    Case(movement.Transpose((2, 0, 1)), (real(BATCH, 2, 3),), lambda x: numpy.einsum("abc->cab", x), flops=0),
    Case(movement.Transpose((1, 0)), (whole(2, 3),), lambda x: numpy.einsum("ab->ba", x), WHOLE),
    Case(movement.Flip((0, 2)), (real(BATCH, 2, 3),), lambda x: x[::-1, :, ::-1], flops=0),
    Case(movement.Flip((1,)), (whole(2, BATCH),), lambda x: x[:, ::-1], WHOLE),
    Case(movement.BroadcastTo((5, BATCH, 2, 3)), (real(2, 1),), lambda x: numpy.ones((5, 7, 2, 3)) * x, flops=0),
    Case(movement.BroadcastTo((BATCH, 3)), (real(BATCH, 1),), lambda x: numpy.repeat(x, 3, 1)),
    Case(movement.Slice((0, 1, 2), (-1, 6, 5), (1, 3, 2)), (real(BATCH, 6, 5),), lambda x: x[:, [1, 4]][:, :, [2, 4]]),
    Case(movement.Slice((0, 3), (-1, 4), (1, 1)), (real(2, 5),), lambda x: x.take([3], 1), flops=0),
    Case(movement.Slice((2, 0), (BATCH - 1, -1), (1, 1)), (real(BATCH, 3),), lambda x: x[[2, 3, 4, 5]], flops=0),
    Case(movement.Slice((BATCH - 5,), (-1,), (2,)), (real(BATCH),), lambda x: x[[2, 4, 6]]),
    Case(movement.Slice((0, 1), (BATCH // 2, -1), (1, 1)), (real(BATCH, 3),), lambda x: x[:3][:, [1, 2]]),
    Case(movement.Scatter((BATCH, 2), (1, 0), (BATCH - 2, 1), (1, 1)), (real(BATCH - 3, 1),), framed),
    Case(movement.Scatter((BATCH, 6, 5), (0, 1, 0), (-1, 6, -1), (1, 3, 1)), (real(BATCH, 2, 5),), scattered, flops=0),
    Case(movement.Concatenate(1), (real(BATCH, 2, 5), real(BATCH, 3, 5)), lambda x, y: numpy.hstack([x, y]), flops=0),
    Case(movement.Concatenate(0), (real(2), real(3), real(1)), lambda *parts: numpy.hstack(parts)),
    Case(movement.Concatenate(0), (real(5),), lambda x: x),
    Case(movement.Concatenate(0), (real(BATCH, 2), real(3, 2), real(BATCH // 2, 2)), lambda *x: numpy.vstack(x)),
]

PACKING = [
    Case(
        packing.Pack(), (real(2, 3), real(), real(5)), lambda *parts: numpy.hstack([x.ravel() for x in parts]), flops=0
    ),
    Case(packing.Unpack(((2, 3), (), (5,))), (real(12),), lambda x: (x[:6].reshape(2, 3), x[6], x[7:]), flops=0),
    Case(packing.Unpack(((4,),)), (real(4),), lambda x: x),
]


def hashed(key: Any, stream: int, count: int) -> Any:
    """The same random numbers, one element at a time in Python's integers."""
    mask = 0xFFFFFFFF
    mask64 = 0xFFFFFFFFFFFFFFFF

    def mix(word: int) -> int:
        word = (word ^ word >> 16) * 0x7FEB352D & mask
        word = (word ^ word >> 15) * 0x846CA68B & mask
        return word ^ word >> 16

    words, state = [], ((int(key[0]) << 32) + int(key[1])) ^ (stream * 0xD1B54A32D192ED03 & mask64)
    for _ in range(2):
        state = (state + 0x9E3779B97F4A7C15) & mask64
        word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask64
        word = (word ^ word >> 27) * 0x94D049BB133111EB & mask64
        words.append((word ^ word >> 31) & mask)
    mixed = [mix(mix(index * 0x9E3779B9 + words[0] & mask) ^ words[1]) for index in range(count)]
    return numpy.array([word >> 8 for word in mixed]) / 2.0**24


def drawn_later(key: Any, start: Any) -> Any:
    """Return what an array of which this is a part has from element `start` on."""
    return hashed(key, 4, int(start) + 14)[int(start) :].reshape(7, 2)


START = whole(low=3, high=40, dtype="uint32")
KEY = whole(2, low=0, high=2**32, dtype="uint32")
RANDOM = [
    Case(random.RandomUniform((BATCH, 2), 3, "float64"), (KEY,), lambda key: hashed(key, 3, 14).reshape(7, 2), FLAT),
    Case(random.RandomUniform((), 0, "float64"), (KEY,), lambda key: hashed(key, 0, 1)[0], FLAT),
    Case(random.RandomUniform((5,), 1), (KEY,), lambda key: hashed(key, 1, 5).astype("float32"), FLAT),
    Case(random.RandomUniform((BATCH, 2), 4, "float64"), (KEY, START), drawn_later, FLAT),
]

REDUCTION = [
    Case(reduction.Sum((0, 2)), (real(BATCH, 2, 3),), lambda x: numpy.einsum("abc->b", x), flops=42),
    Case(reduction.Sum((1,), keepdims=True), (real(BATCH, 2, 3),), lambda x: numpy.einsum("abc->ac", x)[:, None]),
    Case(reduction.Sum(()), (real(2, 3),), lambda x: x),
    Case(reduction.Sum((0,)), (whole(BATCH, 3),), lambda x: numpy.einsum("ab->b", x), WHOLE),
    Case(reduction.Max((0, 2)), (real(BATCH, 2, 3),), lambda x: numpy.sort(x.swapaxes(0, 1).reshape(2, -1))[:, -1]),
    Case(reduction.Max((1,), keepdims=True), (real(BATCH, 5),), lambda x: numpy.sort(x)[:, -1:], flops=35),
    Case(reduction.Max((0,)), (truth(BATCH, 2),), lambda x: x.sum(0) > 0, WHOLE),
    Case(reduction.ArgMax(1), (real(BATCH, 5, 3),), lambda x: numpy.argsort(-x, 1)[:, 0], FLAT),
    Case(reduction.ArgMax(0), (whole(5, low=0, high=2),), lambda x: numpy.flatnonzero(x == x.max())[0], FLAT),
]

SIZES = [
    Case(sizes.Size((BATCH, 3), "float64"), (), lambda: numpy.float64(21), NONE, flops=0),
    Case(sizes.Size((2 * BATCH,), "int64"), (), lambda: numpy.int64(14), NONE),
    Case(sizes.Iota(BATCH - 4, "int64"), (), lambda: numpy.array([0, 1, 2]), NONE, flops=0),
    Case(sizes.Iota(5), (), lambda: numpy.array([0, 1, 2, 3, 4], "int32"), NONE, flops=0),
    Case(sizes.Cast("float64"), (whole(BATCH, 3),), lambda x: x * 1.0, FLAT),
    Case(sizes.Cast("float64"), (real(BATCH, 3),), lambda x: x.astype("float64")),
    Case(sizes.Cast("int32"), (real(2, 3),), elements(math.trunc), FLAT),
    Case(sizes.Cast("float32"), (truth(BATCH),), lambda x: numpy.where(x, numpy.float32(1), numpy.float32(0)), FLAT),
    Case(sizes.Cast("bool"), (whole(2, 3),), lambda x: x != 0, FLAT),
]


def simplex_projection(x: Any) -> Any:
    """Projection onto the simplex by bisection for the threshold."""
    low, high = x.min(-1, keepdims=True) - 1.0, x.max(-1, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2.0
        above = numpy.maximum(x - middle, 0.0).sum(-1, keepdims=True) > 1.0
        low, high = numpy.where(above, middle, low), numpy.where(above, high, middle)
    return numpy.maximum(x - high, 0.0)


def cross_entropy(x: Any, y: Any) -> Any:
    return scipy.special.logsumexp(x, -1) * y.sum(-1) - (x * y).sum(-1)


def binary_cross_entropy(x: Any, y: Any) -> Any:
    return -scipy.special.xlogy(y, scipy.special.expit(x)) - scipy.special.xlogy(1 - y, scipy.special.expit(-x))


COMPOSITE = [
    Case(crossentropy.Softmax(2), (real(BATCH, 2, 3),), lambda x: scipy.special.softmax(x, 2)),
    Case(crossentropy.Softmax(0), (real(BATCH, 3),), lambda x: scipy.special.softmax(x, 0)),
    Case(crossentropy.LogSoftmax(1), (real(BATCH, 2, 3),), lambda x: scipy.special.log_softmax(x, 1)),
    Case(crossentropy.LogSoftmax(0), (real(5),), lambda x: scipy.special.log_softmax(x, 0)),
    Case(crossentropy.SoftmaxCrossEntropy(), (real(BATCH, 3), real(BATCH, 3, low=0.0, labels=True)), cross_entropy),
    Case(crossentropy.SoftmaxCrossEntropy(), (real(5), real(5, low=0.0, labels=True)), cross_entropy),
    Case(crossentropy.SigmoidCrossEntropy(), (real(BATCH, 3), real(BATCH, 3, low=0.0, high=1.0)), binary_cross_entropy),
    Case(Sparsemax(1), (real(BATCH, 5),), simplex_projection),
    Case(Sparsemax(2), (real(BATCH, 2, 3),), simplex_projection),
]


def fusion(kind: str, *shapes: Shape, build: Callable[..., tuple[Value, ...]]) -> Fusion:
    body = Graph("body")
    inputs = [body.input(f"x{index}", TensorType("float64", shape)) for index, shape in enumerate(shapes)]
    for index, result in enumerate(build(*inputs)):
        body.output(f"result{index}", result)
    return Fusion(kind, body)


FUSION = [
    Case(
        fusion("dense_tanh", (BATCH, 3), (3, 5), (5,), build=lambda x, w, b: (ops.tanh(x @ w + b),)),
        (real(BATCH, 3), real(3, 5), real(5)),
        lambda x, w, b: numpy.tanh(matrices(x, w) + b),
        NONE,  # passes fuse after differentiating
        flops=2 * 7 * 3 * 5 + 2 * 7 * 5,
    ),
    Case(
        fusion("add_mean", (3 * BATCH,), (), build=lambda x, y: (x + y, ops.mean(x) * 0.5)),
        (real(3 * BATCH), real()),
        lambda x, y: (x + y, x.sum() / 42.0),
        NONE,
    ),
]

CASES = [
    *ARITHMETIC,
    *COMPARISON,
    *EXPONENTIAL,
    *MATMUL,
    *MOVEMENT,
    *PACKING,
    *RANDOM,
    *REDUCTION,
    *SIZES,
    *COMPOSITE,
    *FUSION,
]
