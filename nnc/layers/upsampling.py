"""Sequences, images and volumes with more elements per axis."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from nnc.choices import DataFormat, ResizeMethod
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.input_types import FLOAT
from nnc.layers.interpolation import METHODS, resize_axis
from nnc.layers.options import LayerOptions
from nnc.layers.spatial import check_data_format, check_numbers, check_rank, per_axis, spatial_axes
from nnc.ops import cast, repeat


class UpSampling(Layer):
    """Base of layers that repeat each element along the axes between batch and channels.

    Args:
        size: how often, for all axes or one per axis.
        data_format: ``channels_last`` or ``channels_first``.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("size",)
    noted_arguments = ("{interpolation}",)
    keeps_integers = True
    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(self, size: Any, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.size = check_numbers(type(self).__name__, "size", size, self.dimensions)
        self.data_format = check_data_format(type(self).__name__, data_format)

    def call(self, x: Value) -> Value:
        check_rank(x, self.dimensions, self.data_format)
        times = per_axis(self.data_format, self.size)
        return cast(repeat(cast(x, "uint8"), times), "bool") if x.dtype == "bool" else repeat(x, times)


class UpSampling1D(UpSampling):
    """Each step several times; channels are last."""

    dimensions: ClassVar[int] = 1

    def __init__(self, size: int = 2, **options: Unpack[LayerOptions]) -> None:
        super().__init__(size, **options)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size[0]}


class UpSampling2D(UpSampling):
    """Larger images: pixels repeated, or interpolated.

    Args:
        size: factors for rows and columns.
        data_format: ``channels_last`` or ``channels_first``.
        interpolation: ``nearest``, ``bilinear``, ``bicubic``, ``lanczos3``, ``lanczos5`` or ``area``.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    dimensions: ClassVar[int] = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: DataFormat | None = None,
        interpolation: ResizeMethod = "nearest",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(size, data_format, **options)
        self.interpolation = check_interpolation("UpSampling2D", interpolation)

    def call(self, x: Value) -> Value:
        if self.interpolation == "nearest":
            return super().call(x)
        check_rank(x, self.dimensions, self.data_format)
        x = x if x.type.is_floating else cast(x, self.weights_dtype or FLOAT)
        for axis, factor in zip(spatial_axes(self.data_format, 2), self.size, strict=True):
            x = resize_axis(x, axis, x.shape[axis] * factor, self.interpolation)
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": list(self.size),
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }


class UpSampling3D(UpSampling):
    """Volumes with each element several times."""

    dimensions: ClassVar[int] = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(size, data_format, **options)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": list(self.size), "data_format": self.data_format}


def check_interpolation(where: str, interpolation: Any) -> str:
    """Return the name of a way to interpolate in lower case.

    Raises:
        ModelError: there is none of this name.
    """
    if not isinstance(interpolation, str) or interpolation.lower() not in METHODS:
        raise ModelError(f"{where}: interpolation must be one of {', '.join(METHODS)}, got {interpolation!r}")
    return interpolation.lower()
