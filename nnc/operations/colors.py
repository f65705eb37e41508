"""Colour spaces of images, with TensorFlow's formulas."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import absolute, clip, concatenate, equal, maximum, minimum, take, where
from nnc.operations.data_formats import CHANNELS_LAST
from nnc.operations.interpolation import multiply_axis

LUMINANCE = (0.2989, 0.587, 0.114)
"""Weights of red, green and blue in grey, those of ``tf.image.rgb_to_grayscale``."""


def channel_axis(x: Value, data_format: str | None, known: tuple[int, ...] = (3,)) -> int:
    """Return the axis of the channels.

    Raises:
        ModelError: their number is none of the known ones.
    """
    axis = 3 if data_format == CHANNELS_LAST else 1
    if x.shape[axis] not in known:
        raise ModelError(f"images must have {' or '.join(map(str, known))} channels, got {x.type}")
    return axis


def grayscale(x: Value, data_format: str | None) -> Value:
    """Return images in grey, with as many channels as they have.

    Raises:
        ModelError: they have neither one nor three channels.
    """
    axis = channel_axis(x, data_format, (1, 3))
    return x if x.shape[axis] == 1 else multiply_axis(x, axis, numpy.tile(LUMINANCE, (3, 1)))


def rgb_to_hsv(x: Value, axis: int) -> tuple[Value, Value, Value]:
    """Return hue and saturation, both from 0 to 1, and value, each with one channel.

    A. R. Smith: Color gamut transform pairs, SIGGRAPH (1978).
    """
    red, green, blue = (take(x, axis, number, number + 1) for number in range(3))
    value = reduce(maximum, (red, green, blue))
    width = value - reduce(minimum, (red, green, blue))
    sixth = 1.0 / (where(width > 0.0, width, 1.0) * 6.0)
    of_others = where(equal(green, value), sixth * (blue - red) + 2.0 / 6.0, sixth * (red - green) + 4.0 / 6.0)
    hue = where(equal(red, value), sixth * (green - blue), of_others)
    hue = where(width > 0.0, where(hue < 0.0, hue + 1.0, hue), 0.0)
    saturation = where(value > 0.0, width / where(value > 0.0, value, 1.0), 0.0)
    return hue, saturation, value


def hsv_to_rgb(hue: Value, saturation: Value, value: Value, axis: int) -> Value:
    """Return images of red, green and blue; the inverse of `rgb_to_hsv`."""
    angle: Any = hue * 6.0
    shares = (
        absolute(angle - 3.0) - 1.0,
        2.0 - absolute(angle - 2.0),
        2.0 - absolute(angle - 4.0),
    )
    channels = [(1.0 - saturation + saturation * clip(share, 0.0, 1.0)) * value for share in shares]
    return concatenate(channels, axis)
