"""Rows of convolutions; the oracle is a loop over every place, element of the window, group, channel and filter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy

from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient, Sliding
from tests.ir.ops.cases.case import BATCH, BINDINGS, Case, real

Terms = Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]


def terms(op: Sliding, x: tuple[int, ...], kernel: tuple[int, ...], y: tuple[int, ...]) -> Terms:
    """The indices in x, kernel and y of every product that is summed."""
    *window, channels, filters = kernel
    for image, *place, filter_ in numpy.ndindex(*y):
        for offset, channel in product(numpy.ndindex(*window), range(channels)):
            at = [
                index * op.strides[axis] + offset[axis] * op.dilation[axis] - op.before[axis]
                for axis, index in enumerate(place)
            ]
            if all(0 <= index < length for index, length in zip(at, x[1:-1], strict=True)):
                group = filter_ // (filters // op.groups)
                yield (image, *at, group * channels + channel), (*offset, channel, filter_), (image, *place, filter_)


def rows(
    length: tuple[int, ...],
    channels: int,
    window: tuple[int, ...],
    filters: int,
    places: tuple[int, ...],
    *,
    strides: int | tuple[int, ...] = 1,
    dilation: int | tuple[int, ...] = 1,
    padding: tuple[Any, Any] = (0, 0),
    groups: int = 1,
) -> list[Case]:
    """The convolution of these shapes and its two gradients; one number stands for all axes."""

    def axes(item: Any) -> tuple[int, ...]:
        return item if isinstance(item, tuple) else (item,) * len(length)

    geometry: tuple[Any, ...] = tuple(map(axes, (strides, dilation, *padding)))
    shapes = (BATCH, *length, channels), (*window, channels // groups, filters), (BATCH, *places, filters)
    x, kernel, y = (tuple(dim if isinstance(dim, int) else BINDINGS["batch"] for dim in shape) for shape in shapes)
    forward = Convolution(*geometry, groups=groups)
    first = ConvolutionInputGradient(*geometry, shape=length, groups=groups)
    second = ConvolutionKernelGradient(*geometry, window=window, groups=groups)

    def convolved(a: Any, b: Any) -> Any:
        result = numpy.zeros(y)
        for i, j, k in terms(forward, x, kernel, y):
            result[k] += a[i] * b[j]
        return result

    def back_to_input(a: Any, b: Any) -> Any:
        result = numpy.zeros(x)
        for i, j, k in terms(forward, x, kernel, y):
            result[i] += a[k] * b[j]
        return result

    def back_to_kernel(a: Any, b: Any) -> Any:
        result = numpy.zeros(kernel)
        for i, j, k in terms(forward, x, kernel, y):
            result[j] += a[i] * b[k]
        return result

    operands = [real(*shape) for shape in shapes]
    flops = 2 * int(numpy.prod(y)) * int(numpy.prod(window)) * channels // groups
    return [
        Case(forward, (operands[0], operands[1]), convolved, tolerance=1e-13, flops=flops),
        Case(first, (operands[2], operands[1]), back_to_input, tolerance=1e-13, flops=flops),
        Case(second, (operands[0], operands[2]), back_to_kernel, tolerance=1e-13, flops=flops),
    ]


CASES = (
    *rows((5,), 2, (3,), 4, (3,)),
    *rows((6,), 3, (2,), 1, (3,), strides=2),
    *rows((5,), 1, (3,), 2, (4,), dilation=2, padding=(3, 0)),
    *rows((4, 3), 2, (1, 1), 5, (4, 3)),
    *rows((4, 5), 2, (3, 2), 3, (4, 6), padding=(1, 1)),
    *rows((6, 5), 3, (3, 3), 2, (3, 2), strides=2, padding=(0, 1)),
    *rows((5, 3), 2, (1, 1), 3, (2, 1), strides=3),
    *rows((3, 4), 4, (2, 3), 6, (2, 2), groups=2),
    *rows((3, 4), 4, (1, 1), 2, (3, 4), groups=2),
    *rows((4, 3), 3, (3, 3), 3, (4, 3), padding=(1, 1), groups=3),
    *rows((5, 4), 2, (3, 3), 4, (3, 2), strides=2, padding=(1, 1), groups=2),
    *rows((5, 4), 2, (2, 3), 6, (4, 2), groups=2),
    *rows((6,), 3, (2,), 3, (3,), strides=2, groups=3),
    *rows((7,), 2, (2,), 4, (6,), dilation=3, padding=(2, 0), groups=2),
    *rows((2, 4, 3), 2, (2, 2, 2), 2, (1, 3, 2), groups=2),
    *rows((1,), 3, (2,), 4, (2,), strides=3, padding=(6, 0)),  # more zeros in front than windows see
    *rows((130,), 1, (2,), 2, (131,), padding=(1, 1)),
    *rows((131,), 4, (2,), 2, (130,), groups=2),
    *rows((3, 2, 4), 2, (2, 2, 3), 3, (2, 1, 2)),
    *rows((3, 2, 2), 1, (2, 2, 2), 2, (2, 2, 2), strides=2, padding=(1, 1)),
)

ONE: dict[str, Any] = {"strides": (1,), "dilation": (1,), "before": (0,), "after": (0,)}
REFUSED = (
    ("convolution", ONE, "f32[2,5,3]", "'convolution' takes 2 operands, got 1"),
    ("convolution", ONE, "i32[2,5,3] i32[2,3,4]", "'convolution' needs floating-point numbers, got i32[2,5,3]"),
    ("convolution", ONE, "f32[2,5,3] f64[2,3,4]", "'convolution' needs operands of one element type"),
    (
        "convolution",
        ONE,
        "f32[2,5,5,3] f32[2,3,4]",
        "'convolution' over 1 axes needs operands of 3 axes",
    ),
    (
        "convolution",
        ONE | {"dilation": ()},
        "f32[2,5,3] f32[2,3,4]",
        "needs strides, dilation and padding for 1",
    ),
    ("convolution", dict.fromkeys(ONE, ()), "f32[2,3] f32[3,4]", "needs strides, dilation and padding for 1"),
    ("convolution", ONE | {"strides": (0,)}, "f32[2,5,3] f32[2,3,4]", "needs positive strides, dilation and groups"),
    ("convolution", ONE | {"before": (-1,)}, "f32[2,5,3] f32[2,3,4]", "and padding of at least 0"),
    ("convolution", ONE, "f32[2,5,3] f32[2,batch,4]", "'convolution' needs a kernel of known size, got f32[2,batch,4]"),
    ("convolution", ONE, "f32[2,5,3] f32[0,3,4]", "'convolution' needs a kernel of known size, got f32[0,3,4]"),
    ("convolution", ONE, "f32[2,5,3] f32[2,2,4]", "a kernel f32[2,2,4] in 1 groups needs 2 channels"),
    ("convolution", ONE | {"groups": 3}, "f32[2,5,3] f32[2,1,4]", "filters that 3 divides, got f32[2,5,3]"),
    (
        "convolution",
        ONE,
        "f32[2,5,3] f32[6,3,4]",
        "'convolution': Computed output size would be zero or negative: a window of [6] does not fit into f32[2,5,3]",
    ),
    ("convolution_input_gradient", ONE | {"shape": ()}, "f32[2,4,4] f32[2,3,4]", "over 1 axes needs as many lengths"),
    (
        "convolution_input_gradient",
        ONE | {"shape": (6,)},
        "f32[2,4,4] f32[2,3,4]",
        "f32[2,6,3] convolved with f32[2,3,4] does not give f32[2,4,4]",
    ),
    ("convolution_kernel_gradient", ONE | {"window": ()}, "f32[2,5,3] f32[2,4,4]", "needs as many window sizes"),
    (
        "convolution_kernel_gradient",
        ONE | {"window": (2,), "groups": 2},
        "f32[2,5,3] f32[2,4,4]",
        "that 2 divides",
    ),
    (
        "convolution_kernel_gradient",
        ONE | {"window": (3,)},
        "f32[2,5,3] f32[2,4,4]",
        "f32[2,5,3] convolved with f32[3,3,4] does not give f32[2,4,4]",
    ),
)
