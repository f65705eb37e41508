"""Single images turned, moved, sheared, zoomed, brightened; random numbers are those of NumPy's global state."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import numpy

from nnc.errors import DataError, NncError
from nnc.utils.images import array_to_img, img_to_array

Array = Any


def random_rotation(
    x: Array,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Return an image turned by a random angle.

    Args:
        x: an image, an array of three axes.
        rg: the largest angle, in degrees.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels, 0 or 2.
        fill_mode: what is outside of the image: ``nearest``, ``constant``, ``reflect`` or ``wrap``.
        cval: the constant.
        interpolation_order: order of the splines between pixels, from 0 to 5.

    Raises:
        DataError: the axes are no such.
        NncError: SciPy is not installed.
    """
    theta = numpy.random.uniform(-rg, rg)
    rest = row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *rest)


def random_shift(
    x: Array,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Return an image moved by a random part of its width and height.

    Args:
        x: an image, an array of three axes.
        wrg: the largest part of its width.
        hrg: the largest part of its height.
        row_axis: axis of the rows; the rest as of `random_rotation`.
        col_axis: axis of the columns.
        channel_axis: axis of the channels, 0 or 2.
        fill_mode: what is outside of the image.
        cval: the constant.
        interpolation_order: order of the splines between pixels.

    Raises:
        DataError: the axes are no such.
        NncError: SciPy is not installed.
    """
    tx = numpy.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = numpy.random.uniform(-wrg, wrg) * x.shape[col_axis]
    rest = row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *rest)


def random_shear(
    x: Array,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Return an image sheared by a random angle.

    Args:
        x: an image, an array of three axes.
        intensity: the largest angle, in degrees.
        row_axis: axis of the rows; the rest as of `random_rotation`.
        col_axis: axis of the columns.
        channel_axis: axis of the channels, 0 or 2.
        fill_mode: what is outside of the image.
        cval: the constant.
        interpolation_order: order of the splines between pixels.

    Raises:
        DataError: the axes are no such.
        NncError: SciPy is not installed.
    """
    shear = numpy.random.uniform(-intensity, intensity)
    rest = row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *rest)


def random_zoom(
    x: Array,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Return an image zoomed by random factors, one for its height and one for its width.

    Args:
        x: an image, an array of three axes.
        zoom_range: the smallest and the largest factor.
        row_axis: axis of the rows; the rest as of `random_rotation`.
        col_axis: axis of the columns.
        channel_axis: axis of the channels, 0 or 2.
        fill_mode: what is outside of the image.
        cval: the constant.
        interpolation_order: order of the splines between pixels.

    Raises:
        DataError: there are not two factors, or the axes are no such.
        NncError: SciPy is not installed.
    """
    low, high = two_numbers("random_zoom", "zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else numpy.random.uniform(low, high, 2)
    rest = row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *rest)


def random_channel_shift(x: Array, intensity_range: float, channel_axis: int = 0) -> Array:
    """Return an image with a random number added to all pixels.

    Args:
        x: an image, an array of three axes.
        intensity_range: the largest number.
        channel_axis: axis of the channels.
    """
    intensity = numpy.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis=channel_axis)


def random_brightness(x: Array, brightness_range: Sequence[float], scale: bool = True) -> Array:
    """Return an image that is brighter or darker by a random factor.

    Args:
        x: an image, an array of three axes.
        brightness_range: the smallest and the largest factor.
        scale: whether the smallest pixel becomes 0 and the largest 255 before.

    Raises:
        DataError: there are not two factors.
        NncError: Pillow is not installed.
    """
    low, high = two_numbers("random_brightness", "brightness_range", brightness_range)
    return apply_brightness_shift(x, numpy.random.uniform(low, high), scale)


def two_numbers(where: str, key: str, given: Any) -> tuple[float, float]:
    """Return the two numbers that an argument has.

    Raises:
        DataError: it has not.
    """
    if not isinstance(given, list | tuple | numpy.ndarray) or len(given) != 2:
        raise DataError(f"{where}: {key} must be two numbers, the smallest and the largest factor, got {given!r}")
    return given[0], given[1]


def apply_channel_shift(x: Array, intensity: float, channel_axis: int = 0) -> Array:
    """Return an image with a number added to all pixels, none beyond the smallest and largest that there were.

    Args:
        x: an image, an array of three axes.
        intensity: the number.
        channel_axis: axis of the channels.
    """
    del channel_axis  # all are changed alike
    return numpy.clip(x + intensity, numpy.min(x), numpy.max(x))


def apply_brightness_shift(x: Array, brightness: float, scale: bool = True) -> Array:
    """Return an image that is brighter or darker by a factor.

    Args:
        x: an image, an array of three axes.
        brightness: the factor.
        scale: whether the smallest pixel becomes 0 and the largest 255 before.

    Raises:
        NncError: Pillow is not installed.
    """
    low, high = numpy.min(x), numpy.max(x)
    is_outside = low < 0 or high > 255
    picture = array_to_img(x, scale=is_outside or scale)
    found = img_to_array(import_module("PIL.ImageEnhance").Brightness(picture).enhance(brightness))
    return found / 255 * (high - low) + low if is_outside and not scale else found


def flipped(x: Array, axis: int) -> Array:
    """Return an image mirrored along an axis."""
    return numpy.flip(numpy.asarray(x), axis)


def apply_affine_transform(
    x: Array,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Array:
    """Return an image turned, moved, sheared and zoomed around its center.

    Args:
        x: an image, an array of three axes.
        theta: angle to turn it by, in degrees.
        tx: pixels to move it by, along the rows' axis.
        ty: along the columns' axis.
        shear: angle to shear it by, in degrees.
        zx: factor to zoom by, along the rows' axis.
        zy: along the columns' axis.
        row_axis: axis of the rows.
        col_axis: axis of the columns.
        channel_axis: axis of the channels, 0 or 2.
        fill_mode: what is outside of the image: ``nearest``, ``constant``, ``reflect`` or ``wrap``.
        cval: the constant.
        order: of the splines between pixels, from 0 to 5.

    Raises:
        DataError: the axes are no such.
        NncError: SciPy is not installed.
    """
    if sorted((row_axis, col_axis, channel_axis)) != [0, 1, 2] or channel_axis == 1 or x.ndim != 3:
        raise DataError(
            "apply_affine_transform: row_axis, col_axis and channel_axis must be the three axes of an image, with"
            f" channels first or last, got {row_axis}, {col_axis} and {channel_axis} for shape {x.shape}"
        )
    steps = _steps(theta, tx, ty, shear, zx, zy)
    if not steps:
        return x
    matrix = _around_center(reduce(numpy.dot, steps), x.shape[row_axis], x.shape[col_axis])
    if col_axis > row_axis:
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    transform = _scipy().affine_transform
    channels = [
        transform(channel, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval)
        for channel in numpy.moveaxis(x, channel_axis, 0)
    ]
    return numpy.moveaxis(numpy.stack(channels), 0, channel_axis)


def _steps(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> list[Array]:
    """Return the matrices of what changes an image at all."""
    found = []
    if theta != 0:
        angle = numpy.deg2rad(theta)
        cosine, sine = numpy.cos(angle), numpy.sin(angle)
        found.append([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        found.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        angle = numpy.deg2rad(shear)
        found.append([[1, -numpy.sin(angle), 0], [0, numpy.cos(angle), 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        found.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    return [numpy.array(matrix) for matrix in found]


def _around_center(matrix: Array, height: int, width: int) -> Array:
    row, column = height / 2 - 0.5, width / 2 - 0.5
    there = numpy.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    back = numpy.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    return numpy.dot(numpy.dot(there, matrix), back)


def _scipy() -> Any:
    """Return `scipy.ndimage`.

    Raises:
        NncError: it is not installed.
    """
    try:
        return import_module("scipy.ndimage")
    except ImportError:
        raise NncError(
            "images are turned, moved, sheared and zoomed by SciPy, which is not installed: pip install scipy"
        ) from None
