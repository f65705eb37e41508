"""Zeros around sequences, images and volumes, and their removal."""

from __future__ import annotations

from typing import Any, ClassVar

from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value
from nnc.ir.ops import pad, take
from nnc.layers.arguments import image_format, pairs
from nnc.layers.declared import KerasLayer
from nnc.operations.data_formats import CHANNELS_LAST, check_rank, spatial_axes


class ZeroPadding(KerasLayer):
    """Base of layers that put zeros around an input.

    Args:
        padding: zeros to add: one number for all sides, one per axis, or pairs (before, after) per axis.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("padding",)
    keeps_integers = True
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    padding: Any = pairs(default=1)
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        check_rank(x, self.spatial, self.data_format)
        widths = [(0, 0)] * x.rank
        for axis, pair in zip(spatial_axes(self.data_format, self.spatial), self.padding, strict=True):
            widths[axis] = pair
        return pad(x, widths)


class Cropping(KerasLayer):
    """Base of layers that cut off the sides of an input.

    Args:
        cropping: what to cut off: one number for all sides, one per axis, or pairs (before, after) per axis.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or nothing would be left of an input.
    """

    key_arguments = ("cropping",)
    keeps_integers = True
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    cropping: Any = pairs()
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        return cropped(x, self.cropping, self.data_format)


def cropped(x: Value, cropping: tuple[tuple[int, int], ...], data_format: str | None = CHANNELS_LAST) -> Value:
    """Return x without so many elements before and after each axis between batch and channels.

    Raises:
        ModelError: x has another number of dimensions, or nothing would be left of it.
    """
    check_rank(x, len(cropping), data_format)
    for axis, (before, after) in zip(spatial_axes(data_format, len(cropping)), cropping, strict=True):
        length = x.shape[axis]
        if not isinstance(length, SymbolicDim) and before + after >= length:
            words = (
                "Values in `cropping` argument should be smaller than the corresponding spatial dimension of the input"
            )
            if len(cropping) == 1:
                words = "the `cropping` parameter of `Cropping1D` layer must be smaller than the length of the input"
            raise ModelError(f"{words}: {cropping} leaves nothing of axis {axis} of {x.type}")
        if before or after:
            x = take(x, axis, before, length - after)
    return x


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after a sequence."""

    spatial = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around an image."""

    spatial = 2

    padding: Any = pairs(default=(1, 1))


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume."""

    spatial = 3

    padding: Any = pairs(default=((1, 1), (1, 1), (1, 1)))


class Cropping1D(KerasLayer):
    """A sequence without some steps at its ends; channels are last.

    Args:
        cropping: what to cut off at both ends, or a pair (before, after).

    Raises:
        ModelError: it is neither, or nothing would be left of an input.
    """

    key_arguments = ("cropping",)
    keeps_integers = True
    spatial = 1

    cropping: Any = pairs(default=(1, 1))

    def call(self, x: Value) -> Value:
        return cropped(x, self.cropping)


class Cropping2D(Cropping):
    """An image without its sides."""

    spatial = 2

    cropping: Any = pairs(default=((0, 0), (0, 0)))


class Cropping3D(Cropping):
    """A volume without its sides."""

    spatial = 3

    cropping: Any = pairs(default=((1, 1), (1, 1), (1, 1)))
