"""Maxima and means over all steps of a sequence, or over all of an image or a volume."""

from __future__ import annotations

from typing import Any, ClassVar

from nnc.arguments import flag
from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.ir.ops import cast, max, mean, reshape, sum, where
from nnc.layers.arguments import image_format
from nnc.layers.declared import KerasLayer
from nnc.operations.data_formats import CHANNELS_LAST, check_rank, spatial_axes


class GlobalPooling(KerasLayer):
    """Base of layers that make one element of each channel.

    Args:
        data_format: ``channels_last`` or ``channels_first``.
        keepdims: whether the axes stay, with length 1.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("keepdims",)
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    data_format: DataFormat | None = image_format(default=None)
    keepdims: bool = flag(default=False)

    def axes(self, x: Value) -> tuple[int, ...]:
        """Return the axes to combine.

        Raises:
            ModelError: x has another number of dimensions.
        """
        check_rank(x, self.spatial, self.data_format)
        return spatial_axes(self.data_format, self.spatial)


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

    spatial = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest element of each channel of an image."""

    spatial = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest element of each channel of a volume."""

    spatial = 3


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of a sequence, over the steps that a mask leaves."""

    spatial = 1
    supports_masking = True

    def call(self, x: Value, mask: Value | None = None) -> Value:
        axes = self.axes(x)
        if mask is None:
            return mean(x, axes, self.keepdims)
        steps = (*mask.shape, 1) if self.data_format == CHANNELS_LAST else (mask.shape[0], 1, mask.shape[1])
        kept = reshape(cast(mask, "bool"), steps)
        total = sum(where(kept, x, 0.0), axes, self.keepdims)
        return total / sum(cast(kept, x.dtype), axes, self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of each channel of an image."""

    spatial = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of each channel of a volume."""

    spatial = 3
