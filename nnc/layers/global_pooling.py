"""Maxima and means over all steps of a sequence, or over all of an image or a volume."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from nnc.checks import check_flag
from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.layers.spatial import CHANNELS_LAST, check_data_format, check_rank, spatial_axes
from nnc.ops import cast, max, mean, reshape, sum, where


class GlobalPooling(Layer):
    """Base of layers that make one element of each channel.

    Args:
        data_format: ``channels_last`` or ``channels_first``.
        keepdims: whether the axes stay, with length 1.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("keepdims",)
    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(
        self, data_format: DataFormat | None = None, keepdims: bool = False, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**options)
        self.data_format = check_data_format(type(self).__name__, data_format)
        self.keepdims = check_flag(type(self).__name__, "keepdims", keepdims)

    def axes(self, x: Value) -> tuple[int, ...]:
        """Return the axes to combine.

        Raises:
            ModelError: x has another number of dimensions.
        """
        check_rank(x, self.dimensions, self.data_format)
        return spatial_axes(self.data_format, self.dimensions)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling(GlobalPooling):
    """The largest element of each channel; equal ones share the gradient."""

    keeps_integers = True

    def call(self, x: Value) -> Value:
        return max(x, self.axes(x), self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel."""

    def call(self, x: Value) -> Value:
        return mean(x, self.axes(x), self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest element of each channel of a sequence."""

    dimensions: ClassVar[int] = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest element of each channel of an image."""

    dimensions: ClassVar[int] = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest element of each channel of a volume."""

    dimensions: ClassVar[int] = 3


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of a sequence, over the steps that a mask leaves."""

    dimensions: ClassVar[int] = 1
    supports_masking = True

    def call(self, x: Value, mask: Value | None = None) -> Value:
        axes = self.axes(x)
        if mask is None:
            return mean(x, axes, self.keepdims)
        steps = (*mask.shape, 1) if self.data_format == CHANNELS_LAST else (mask.shape[0], 1, mask.shape[1])
        kept = reshape(cast(mask, "bool"), steps)
        total = sum(where(kept, x, 0.0), axes, self.keepdims)
        return total / sum(cast(kept, x.dtype), axes, self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        return None


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of each channel of an image."""

    dimensions: ClassVar[int] = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of each channel of a volume."""

    dimensions: ClassVar[int] = 3
