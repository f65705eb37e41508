"""Rows of pooling, against loops over windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy

from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, SumPool, SumPoolGradient, WindowOp
from tests.ir.ops.cases.case import BATCH, NONE, Case, real


def windows(op: WindowOp, shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], list[tuple[int, ...]]]]:
    """Each window's number, and the places of its elements that lie inside."""
    starts = []
    for length, window, stride in zip(shape, op.window, op.strides, strict=True):
        if op.padding == "valid":
            starts.append([start for start in range(0, length, stride) if start + window <= length])
        else:
            count = -(-length // stride)
            missing = max(0, (count - 1) * stride + window - length)
            starts.append([index * stride - missing // 2 for index in range(count)])
    for number in product(*(range(len(axis)) for axis in starts)):
        corner = [axis[index] for axis, index in zip(starts, number, strict=True)]
        places = product(*(range(start, start + window) for start, window in zip(corner, op.window, strict=True)))
        yield (
            number,
            [place for place in places if all(0 <= p < length for p, length in zip(place, shape, strict=True))],
        )


def pooled(op: WindowOp, combine: Callable[[list[float]], float]) -> Callable[[Any], Any]:
    def oracle(x: Any) -> Any:
        found = {number: combine([x[place] for place in places]) for number, places in windows(op, x.shape)}
        shape = tuple(max(axis) + 1 for axis in zip(*found, strict=True))
        return numpy.array([found[number] for number in numpy.ndindex(shape)], x.dtype).reshape(shape)

    return oracle


def routed(op: WindowOp) -> Callable[..., Any]:
    def oracle(x: Any, maxima: Any, cotangent: Any) -> Any:
        result = numpy.zeros_like(x)
        for number, places in windows(op, x.shape):
            result[max(places, key=lambda place: x[place])] += cotangent[number]  # the first of equal ones
        return result

    return oracle


def with_maxima(op: WindowOp) -> Callable[..., list[Any]]:
    """Replace the drawn maxima with those that belong to x; half of x is equal, for ties."""

    def prepare(x: Any, _: Any, cotangent: Any) -> list[Any]:
        x = numpy.maximum(x, 0.0)
        return [x, pooled(op, max)(x), cotangent]

    return prepare


def spread(op: WindowOp, shape: tuple[int, ...]) -> Callable[[Any], Any]:
    def oracle(cotangent: Any) -> Any:
        result = numpy.zeros(shape, cotangent.dtype)
        for number, places in windows(op, shape):
            for place in places:
                result[place] += cotangent[number]
        return result

    return oracle


GEOMETRIES: tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str], ...] = (
    ((6, 3), (1, 2, 1), (1, 2, 1), "valid"),
    ((5, 3), (1, 2, 1), (1, 2, 1), "valid"),
    ((5, 3), (1, 2, 1), (1, 2, 1), "same"),
    ((5, 4, 2), (1, 3, 2, 1), (1, 2, 1, 1), "valid"),
    ((5, 4, 2), (1, 3, 3, 1), (1, 2, 1, 1), "same"),
    ((2, 3, 5), (1, 1, 2, 1), (1, 1, 1, 3), "valid"),
    ((2, 6), (1, 1, 2), (1, 1, 3), "same"),
    ((2, 3), (1, 1, 5), (1, 1, 1), "same"),
    ((3,), (2, 1), (2, 1), "same"),
    ((3,), (3, 2), (1, 1), "valid"),
)


def cases() -> Iterator[Case]:
    for row, window, strides, padding in GEOMETRIES:
        domain = real(BATCH, *row)
        largest, total = MaxPool(window, strides, padding), SumPool(window, strides, padding)
        gradient = MaxPoolGradient(window, strides, padding)
        (result,) = largest.infer(domain.type)
        yield Case(largest, (domain,), pooled(largest, max))
        yield Case(total, (domain,), pooled(total, sum))
        operands = (domain, real(*result.shape), real(*result.shape))
        yield Case(gradient, operands, routed(gradient), NONE, prepare=with_maxima(largest))
        shape = (BATCH, *row)
        back = SumPoolGradient(window, strides, padding, shape)
        yield Case(back, (real(*result.shape),), spread(back, (7, *row)))


CASES = list(cases())

PAIRS = {"window": (1, 2), "strides": (1, 2), "padding": "valid"}
REFUSED = [
    ("max_pool", PAIRS, "i32[batch,4]", "'max_pool' needs floating-point numbers, got i32[batch,4]"),
    ("max_pool", PAIRS, "f32[4]", "'max_pool' with windows of [1, 2] every [1, 2] does not fit f32[4]"),
    ("max_pool", PAIRS | {"padding": "full"}, "f32[2,4]", "padding of 'max_pool' must be same or valid, got 'full'"),
    (
        "sum_pool",
        PAIRS | {"strides": (1, 0)},
        "f32[2,4]",
        "with windows of [1, 2] every [1, 0] does not fit",
    ),
    ("sum_pool", PAIRS, "f32[2,1]", "'sum_pool' with windows of [1, 2] finds none along axis 1 of f32[2,1]"),
    ("max_pool_gradient", PAIRS, "f32[2,4] f32[2,2] f32[2,3]", "of f32[2,4] needs maxima and cotangents f32[2,2], got"),
    ("sum_pool_gradient", PAIRS | {"shape": (2, 4)}, "f32[2,3]", "to f32[2,4] needs cotangents f32[2,2], got f32[2,3]"),
]
