"""Pooling to a given size: the windows follow from the input's, and overlap where it does not divide."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value
from nnc.layers.arguments import image_format, sizes
from nnc.layers.declared import KerasLayer
from nnc.layers.interpolation import multiply_axis
from nnc.layers.pooling import largest_in_windows
from nnc.layers.spatial import check_rank, spatial_axes
from nnc.ops import average_pool, concatenate, take


class AdaptivePooling(KerasLayer):
    """Base of layers that make `output_size` elements along the axes between batch and channels.

    Element i of n along an axis of length l is made of the elements from ⌊i l / n⌋ to before ⌈(i + 1) l / n⌉.

    Args:
        output_size: one number for all axes, or one per axis.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or an input's size is not known before the run.
    """

    key_arguments = ("output_size",)
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    output_size: Any = sizes()
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        check_rank(x, self.spatial, self.data_format)
        for axis, count in zip(spatial_axes(self.data_format, self.spatial), self.output_size, strict=True):
            length = x.shape[axis]
            if isinstance(length, SymbolicDim):
                raise ModelError(f"axis {axis} of {x.type} must have a known length, not '{length}'")
            if length == count:
                continue
            x = self.divide(x, axis, length // count) if length % count == 0 else self.pool(x, axis, count)
        return x

    def divide(self, x: Value, axis: int, window: int) -> Value:
        """Return x with windows of this length, side by side, made one element along an axis."""
        raise NotImplementedError

    def pool(self, x: Value, axis: int, count: int) -> Value:
        """Return x with so many elements along an axis, made of windows of different lengths."""
        raise NotImplementedError


def bins(length: int, count: int) -> list[tuple[int, int]]:
    """Return the first and the last element, the latter excluded, of each window.

    >>> bins(7, 3)
    [(0, 3), (2, 5), (4, 7)]
    """
    return [(number * length // count, -(-(number + 1) * length // count)) for number in range(count)]


def along(rank: int, axis: int, number: int) -> tuple[int, ...]:
    """Return ones with a number instead of one axis."""
    return tuple(number if other == axis else 1 for other in range(rank))


class AdaptiveAveragePooling(AdaptivePooling):
    """The means of the windows."""

    def divide(self, x: Value, axis: int, window: int) -> Value:
        windows = along(x.rank, axis, window)
        return average_pool(x, windows, windows)

    def pool(self, x: Value, axis: int, count: int) -> Value:
        length = int(x.shape[axis])
        matrix = numpy.zeros((count, length))
        for number, (start, stop) in enumerate(bins(length, count)):
            matrix[number, start:stop] = 1.0 / (stop - start)
        return multiply_axis(x, axis, matrix)


class AdaptiveMaxPooling(AdaptivePooling):
    """The maxima of the windows."""

    keeps_integers = True

    def call(self, x: Value) -> Value:
        return super().call(self.as_floating(x) if x.dtype == "bool" else x)

    def divide(self, x: Value, axis: int, window: int) -> Value:
        windows = along(x.rank, axis, window)
        return largest_in_windows(x, windows, windows)

    def pool(self, x: Value, axis: int, count: int) -> Value:
        parts = [take(x, axis, start, stop) for start, stop in bins(int(x.shape[axis]), count)]
        whole = [along(x.rank, axis, int(part.shape[axis])) for part in parts]
        return concatenate(
            [largest_in_windows(part, size, size) for part, size in zip(parts, whole, strict=True)], axis
        )


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """A sequence with a given number of steps, each the mean of some."""

    spatial = 1


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """An image of a given size, each pixel the mean of some."""

    spatial = 2


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """A volume of a given size, each element the mean of some."""

    spatial = 3


class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """A sequence with a given number of steps, each the maximum of some."""

    spatial = 1


class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """An image of a given size, each pixel the maximum of some."""

    spatial = 2


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """A volume of a given size, each element the maximum of some."""

    spatial = 3
