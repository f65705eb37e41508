"""Operations between images, channels first, and the windows that slide over them, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.operations.registry import operation

Pair = int | Sequence[int]


@operation("Unfold", module="nn")
def unfold(x: Value, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Value:
    """Return the pixels of each window as a column: (batch, channels · pixels, windows).

    Args:
        x: images of a known size, channels first.
        kernel_size: height and width of a window, or one number for both; so are the others.
        dilation: from a pixel of a window to the next.
        padding: zeros on all four sides.
        stride: from a window to the next.

    Raises:
        ModelError: x holds no images of a known size, or there is no window.
    """
    if x.rank != 4 or not all(isinstance(dim, int) for dim in x.shape[1:]):
        raise ModelError(f"Unfold: x must hold images of a known size, channels first, got {x.type}")
    batch, channels, *size = x.shape
    high, wide = _pair(padding)
    x = ops.pad(x, [(0, 0), (0, 0), (high, high), (wide, wide)])
    places = _places("Unfold", [int(dim) for dim in size], kernel_size, dilation, (high, wide), stride)
    pixels = ops.reshape(ops.transpose(x, (2, 3, 0, 1)), (-1, batch, channels))
    found = ops.transpose(ops.gather(pixels, x.graph.constant(places, "int32")), (2, 3, 0, 1))
    return ops.reshape(found, (batch, int(channels) * places.shape[0], places.shape[1]))


@operation("Fold", module="nn")
def fold(
    x: Value, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Value:
    """Return images, channels first, each pixel of which is the sum of its like in all windows; see `unfold`.

    Args:
        x: windows, of shape (batch, channels · pixels, windows).
        output_size: height and width of the images.
        kernel_size: of a window.
        dilation: from a pixel of a window to the next.
        padding: pixels on all four sides that are left out.
        stride: from a window to the next.

    Raises:
        ModelError: x does not hold so many windows of so many pixels.
    """
    (height, width), (high, wide) = _pair(output_size), _pair(padding)
    places = _places("Fold", (height, width), kernel_size, dilation, (high, wide), stride)
    pixels, windows = places.shape
    if x.rank != 3 or x.shape[2] != windows or not isinstance(x.shape[1], int) or x.shape[1] % pixels:
        raise ModelError(f"Fold: x must hold {windows} windows of {pixels} pixels for each channel, got {x.type}")
    batch, channels = x.shape[0], x.shape[1] // pixels
    rows = ops.transpose(ops.reshape(x, (batch, channels, pixels * windows)), (2, 0, 1))
    whole = (height + 2 * high, width + 2 * wide)
    found = apply(
        ScatterAdd((whole[0] * whole[1], batch, channels)), rows, x.graph.constant(places.reshape(-1), "int32")
    )
    images = ops.transpose(ops.reshape(found, (*whole, batch, channels)), (2, 3, 0, 1))
    return ops.take(ops.take(images, 2, high, high + height), 3, wide, wide + width)


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _places(
    what: str, size: Sequence[int], kernel_size: Pair, dilation: Pair, padding: Sequence[int], stride: Pair
) -> Any:
    """Return the numbers of the pixels of padded images that each window has, of shape (pixels, windows).

    Raises:
        ModelError: there is no window.
    """
    axes = []
    for length, reach, step, around, next_one in zip(
        size, _pair(kernel_size), _pair(dilation), padding, _pair(stride), strict=True
    ):
        starts = numpy.arange(0, length + 2 * around - step * (reach - 1), next_one)
        axes.append(numpy.arange(reach)[:, None] * step + starts)
    rows, columns = axes
    if not rows.size or not columns.size:
        raise ModelError(f"{what}: the window {_pair(kernel_size)} must fit into images of {tuple(size)}")
    whole = rows[:, None, :, None] * (size[1] + 2 * padding[1]) + columns[None, :, None, :]
    return whole.reshape(rows.shape[0] * columns.shape[0], -1)
