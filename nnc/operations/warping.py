"""Images whose pixels are read at other places, those of TensorFlow's ``ImageProjectiveTransformV3``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.ir import Value
from nnc.ir.ops import absolute, cast, clip, equal, floor, gather, logical_and, reshape, transpose, where
from nnc.ir.ops.sizes import Iota
from nnc.operations.data_formats import CHANNELS_FIRST, CHANNELS_LAST, known_sizes

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
WAYS = ("bilinear", "nearest")
BENDS = ("constant", "mirror", "nearest", "reflect", "wrap")
"""The values outside an image that `bend` knows."""


def warp(
    x: Value, matrix: Sequence[Any], interpolation: str, fill_mode: str, fill_value: float, data_format: str | None
) -> Value:
    """Return images whose pixel (x, y) is what is found at (a0 x + a1 y + a2, b0 x + b1 y + b2).

    Args:
        x: images.
        matrix: a0, a1, a2, b0, b1 and b2, each a number or a value of shape (batch, 1, 1); two more, c0 and c1, divide
            both coordinates by c0 x + c1 y + 1.
        interpolation: one of `WAYS`.
        fill_mode: what lies outside, one of `FILL_MODES`.
        fill_value: what lies outside with ``constant``.
        data_format: of the images.

    Raises:
        ModelError: the images' size is not known before the run.
    """
    height, width = known_sizes(x, data_format)
    if data_format == CHANNELS_FIRST:
        x = transpose(x, (0, 2, 3, 1))
    columns = x.graph.constant(numpy.arange(width).reshape(1, 1, -1), x.dtype)
    rows = x.graph.constant(numpy.arange(height).reshape(1, -1, 1), x.dtype)
    a0, a1, a2, b0, b1, b2 = matrix[:6]
    across, down = columns * a0 + rows * a1 + a2, columns * b0 + rows * b1 + b2
    if len(matrix) > 6:
        depth = columns * matrix[6] + rows * matrix[7] + 1.0
        nowhere = equal(depth, 0.0)
        across, down = (where(nowhere, -2.0, place / where(nowhere, 1.0, depth)) for place in (across, down))
    across, down = _inside(across, width, fill_mode), _inside(down, height, fill_mode)
    if interpolation == "nearest":
        result = _pixels(x, floor(across + 0.5), floor(down + 0.5), fill_value)
    else:
        left, top = floor(across), floor(down)
        right_share, bottom_share = (_last_axis(part) for part in (across - left, down - top))
        upper, lower = (
            _pixels(x, left, row, fill_value) * (1.0 - right_share)
            + _pixels(x, left + 1.0, row, fill_value) * right_share
            for row in (top, top + 1.0)
        )
        result = upper * (1.0 - bottom_share) + lower * bottom_share
    return transpose(result, (0, 3, 1, 2)) if data_format == CHANNELS_FIRST else result


def _last_axis(x: Value) -> Value:
    return reshape(x, (*x.shape, 1))


def _pixels(x: Value, across: Value, down: Value, fill_value: float) -> Value:
    """Return the pixels at whole places of shape (batch, height, width), and `fill_value` outside."""
    batch, height, width, channels = x.shape
    last_column, last_row = float(int(width) - 1), float(int(height) - 1)
    numbers = reshape(x.graph.add(Iota(batch, "int32"))[0], (batch, 1, 1)) * (int(height) * int(width))
    place = clip(down, 0.0, last_row) * float(int(width)) + clip(across, 0.0, last_column)
    found = gather(reshape(x, (batch * height * width, channels)), numbers + cast(place, "int32"))
    within = logical_and(logical_and(across >= 0.0, across <= last_column), logical_and(down >= 0.0, down <= last_row))
    return where(_last_axis(within), found, fill_value)


def _inside(place: Value, length: int, fill_mode: str) -> Value:
    """Return where along an axis a place is read, as a fill mode says."""
    if fill_mode == "constant":
        return place
    last, size = float(length - 1), float(length)
    if length > 1 and fill_mode == "reflect":
        below = place + floor(place / (-2.0 * size)) * (2.0 * size)
        below = where(below < -size, below + 2.0 * size, -below - 1.0)
        above = place - floor(place / (2.0 * size)) * (2.0 * size)
        above = where(above >= size, 2.0 * size - 1.0 - above, above)
        place = where(place < 0.0, below, where(place > last, above, place))
    if length > 1 and fill_mode == "wrap":
        below = place + (floor(place / -last) + 1.0) * size
        above = place - floor(place / last) * size
        place = where(place < 0.0, below, where(place > last, above, place))
    return clip(place, 0.0, last)


def bend(images: Value, across: Value, down: Value, interpolation: str, fill_mode: str, fill_value: float) -> Value:
    """Return images whose pixels are what is found at places of shape (batch, height, width).

    Other than in `warp`, but as in Keras's ``map_coordinates``, it is the four pixels around a place of which each is
    looked for inside, and -1 is the mirror image of 1.

    Args:
        images: channels last, of known height and width.
        across: how far to the right each pixel is read.
        down: how far down.
        interpolation: one of `WAYS`.
        fill_mode: one of `BENDS`.
        fill_value: what lies outside with ``constant``.
    """
    height, width = known_sizes(images, CHANNELS_LAST)

    def pixels_at(column: Value, row: Value) -> Value:
        return _pixels(images, bent(column, width, fill_mode), bent(row, height, fill_mode), fill_value)

    if interpolation == "nearest":
        return pixels_at(floor(across + 0.5), floor(down + 0.5))
    left, top = floor(across), floor(down)
    right_share, bottom_share = _last_axis(across - left), _last_axis(down - top)
    upper, lower = (
        pixels_at(left, row) * (1.0 - right_share) + pixels_at(left + 1.0, row) * right_share
        for row in (top, top + 1.0)
    )
    return upper * (1.0 - bottom_share) + lower * bottom_share


def bent(place: Value, length: int, fill_mode: str) -> Value:
    """Return the pixel along an axis that stands for one which may lie outside."""
    if fill_mode == "constant":
        return place
    size = float(length)
    if fill_mode == "wrap":
        place = place - floor(place / size) * size
    if fill_mode in ("mirror", "reflect"):
        place = absolute(place)
        place = place - floor(place / (2.0 * size)) * (2.0 * size)
        back = 2.0 * size - place
        place = where(place < size, place, back - 1.0 if fill_mode == "reflect" else back)
    return clip(place, 0.0, size - 1.0)
