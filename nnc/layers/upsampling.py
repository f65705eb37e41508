"""Sequences, images and volumes with more elements per axis."""

from __future__ import annotations

from typing import Any, ClassVar

from nnc.arguments import argument
from nnc.choices import DataFormat, ResizeMethod
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import cast, repeat
from nnc.layers.arguments import image_format, sizes
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.spatial import check_count
from nnc.operations.data_formats import CHANNELS_LAST, check_rank, per_axis, spatial_axes
from nnc.operations.interpolation import METHODS, resize_axis


def repeated(x: Value, size: tuple[int, ...], data_format: str | None = CHANNELS_LAST) -> Value:
    """Return x with each element so often along each axis between batch and channels.

    Raises:
        ModelError: x has another number of dimensions.
    """
    check_rank(x, len(size), data_format)
    times = per_axis(data_format, size)
    return cast(repeat(cast(x, "uint8"), times), "bool") if x.dtype == "bool" else repeat(x, times)


def check_interpolation(where: str, key: str, interpolation: Any) -> str:
    """Return the name of a way to interpolate in lower case.

    Raises:
        ModelError: there is none of this name.
    """
    if not isinstance(interpolation, str) or interpolation.lower() not in METHODS:
        raise ModelError(f"{where}: {key} must be one of {', '.join(METHODS)}, got {interpolation!r}")
    return interpolation.lower()


class UpSampling1D(KerasLayer):
    """Each step several times; channels are last.

    Args:
        size: how often.

    Raises:
        ModelError: it is no positive integer.
    """

    key_arguments = ("size",)
    keeps_integers = True

    size: int = argument(check_count, default=2)

    def call(self, x: Value) -> Value:
        return repeated(x, (self.size,))


class UpSampling2D(KerasLayer):
    """Larger images: pixels repeated, or interpolated.

    Args:
        size: factors for rows and columns, or one for both.
        data_format: ``channels_last`` or ``channels_first``.
        interpolation: ``nearest``, ``bilinear``, ``bicubic``, ``lanczos3``, ``lanczos5`` or ``area``.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("size",)
    noted_arguments = ("{interpolation}",)
    keeps_integers = True
    spatial: ClassVar[int] = 2

    size: Any = sizes(default=(2, 2))
    data_format: DataFormat | None = image_format(default=None)
    interpolation: ResizeMethod = argument(check_interpolation, default="nearest")

    def call(self, x: Value) -> Value:
        if self.interpolation == "nearest":
            return repeated(x, self.size, self.data_format)
        check_rank(x, 2, self.data_format)
        x = x if x.type.is_floating else cast(x, self.weights_dtype or FLOAT)
        for axis, factor in zip(spatial_axes(self.data_format, 2), self.size, strict=True):
            x = resize_axis(x, axis, x.shape[axis] * factor, self.interpolation)
        return x


class UpSampling3D(KerasLayer):
    """Volumes with each element several times.

    Args:
        size: how often along each axis, or along all.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("size",)
    keeps_integers = True
    spatial: ClassVar[int] = 3

    size: Any = sizes(default=(2, 2, 2))
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        return repeated(x, self.size, self.data_format)
