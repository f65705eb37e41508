"""Rows of axes with another length, against NumPy's linear interpolation, copies and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.ir.ops.pooling import Resize
from tests.ir.ops.cases.case import BATCH, Case, real


def linear(x: Any, length: int) -> Any:
    places = (numpy.arange(length) + 0.5) * len(x) / length - 0.5
    return numpy.interp(places, numpy.arange(len(x)), x)


def nearest(x: Any, length: int) -> Any:
    return x[((numpy.arange(length) + 0.5) * len(x) / length).astype(int)]


def means(x: Any, length: int) -> Any:
    return x.reshape(length, -1).mean(1)


def smoothed(x: Any, length: int) -> Any:
    """Triangles as wide as two steps, for half of the elements: 1, 3, 3, 1 of which some may lie outside."""
    weighed = [
        [(place, factor) for place, factor in zip(range(2 * j - 1, 2 * j + 3), (1, 3, 3, 1), strict=True)]
        for j in range(length)
    ]
    inside = [[(x[place], factor) for place, factor in row if 0 <= place < len(x)] for row in weighed]
    return numpy.array([sum(a * b for a, b in row) / sum(b for _, b in row) for row in inside])


RULES: dict[str, Callable[[Any, int], Any]] = {"bilinear": linear, "nearest": nearest, "area": means}


def resized(op: Resize) -> Callable[[Any], Any]:
    rule = smoothed if op.antialias else RULES[op.method]

    def oracle(x: Any) -> Any:
        if not op.transposed:
            return numpy.apply_along_axis(rule, op.axis, x, op.length).astype(x.dtype)
        forward = numpy.array([rule(row, x.shape[op.axis]) for row in numpy.eye(op.length)])  # (length, axis)
        return numpy.apply_along_axis(lambda column: forward @ column, op.axis, x).astype(x.dtype)

    return oracle


OPS = [
    (Resize(1, 8, "bilinear"), (4, 3)),
    (Resize(1, 10, "bilinear"), (5,)),
    (Resize(2, 2, "bilinear"), (3, 4, 5)),
    (Resize(2, 4, "bilinear"), (3, 1, 5)),
    (Resize(1, 4, "bilinear", antialias=True), (8, 3)),
    (Resize(1, 5, "nearest"), (2, 3)),
    (Resize(2, 3, "area"), (2, 12)),
    (Resize(2, 1, "area"), (2, 10, 3)),
    (Resize(1, 4, "bilinear", transposed=True), (8, 3)),
    (Resize(1, 2, "nearest", transposed=True), (5, 3)),
    (Resize(2, 12, "area", transposed=True), (2, 3)),
]
CASES = [Case(op, (real(BATCH, *shape),), resized(op)) for op, shape in OPS]
"""Places are counted in float32, as TensorFlow does, which is exact with these lengths."""
CASES += [Case(Resize(0, 6, "nearest"), (real(3, BATCH),), resized(Resize(0, 6, "nearest")), flops=84)]
CASES += [
    Case(Resize(0, BATCH * 2, "bilinear"), (real(BATCH, 3),), resized(Resize(0, 14, "bilinear")), flops=168),
    Case(
        Resize(1, BATCH, "bilinear", transposed=True),
        (real(3, BATCH * 2),),
        resized(Resize(1, 7, "bilinear", transposed=True)),
    ),
]
KNOWN = {"axis": 1, "length": 2, "method": "bilinear"}
REFUSED = [
    ("resize", KNOWN, "i32[2,4]", "'resize' needs floating-point numbers, got i32[2,4]"),
    ("resize", KNOWN, "f32[2]", "'resize' along axis 1 does not fit f32[2]"),
    (
        "resize",
        KNOWN | {"method": "area"},
        "f32[2,batch]",
        "'resize' needs known lengths of 1 and more, got f32[2,batch] and 2",
    ),
    ("resize", KNOWN | {"length": 0}, "f32[2,4]", "'resize' needs lengths of 1 and more, got f32[2,4] and 0"),
    ("resize", KNOWN | {"method": "linear"}, "f32[2,4]", "'resize' has one of bilinear, nearest, bicubic, area"),
]
