"""Pooling to a given size: the windows follow from the input's, and overlap where it does not divide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.layers.arguments import image_format, sizes
from nnc.layers.declared import KerasLayer
from nnc.operations.data_formats import check_rank
from nnc.operations.windows import adaptive_average_pool, adaptive_max_pool


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

    output_size: Any = sizes(encode=tuple)
    data_format: DataFormat | None = image_format(default=None)

    pooled: ClassVar[Callable[..., Value]]
    """What makes the elements: one of the functions of `nnc.operations.windows`."""

    def call(self, x: Value) -> Value:
        check_rank(x, self.spatial, self.data_format)
        return type(self).pooled(x, self.output_size, self.data_format)


class AdaptiveAveragePooling(AdaptivePooling):
    """The means of the windows."""

    pooled = adaptive_average_pool


class AdaptiveMaxPooling(AdaptivePooling):
    """The maxima of the windows."""

    keeps_integers = True
    pooled = adaptive_max_pool

    def call(self, x: Value) -> Value:
        return super().call(self.as_floating(x) if x.dtype == "bool" else x)


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
