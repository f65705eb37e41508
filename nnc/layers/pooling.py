"""Maxima and means over windows of sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from nnc.arguments import passed_on
from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
from nnc.ir.ops import average_pool
from nnc.layers.argument_texts import short_text
from nnc.layers.arguments import image_format, padding_name, sizes
from nnc.layers.declared import CommonLayer
from nnc.operations.data_formats import check_rank, per_axis
from nnc.operations.windows import largest_in_windows


class Pooling(CommonLayer):
    """Base of layers that make one element of each window.

    Args:
        pool_size: length of the windows, for all axes or one per axis.
        strides: distance of the windows; `pool_size` by default.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last`` or ``channels_first``.
        name: name of the layer.

    Raises:
        ModelError: an argument is wrong, or an input has no window.
    """

    key_arguments = ("pool_size",)
    noted_arguments = ("{padding}",)
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    pool_size: Any = sizes()
    strides: Any = sizes(default=None)
    padding: PaddingName = padding_name(default="valid")
    data_format: DataFormat | None = image_format(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.strides = self.pool_size if self.strides is None else self.strides

    def call(self, x: Value) -> Value:
        check_rank(x, self.spatial, self.data_format)
        window, strides = per_axis(self.data_format, self.pool_size), per_axis(self.data_format, self.strides)
        return self.pool(x, window, strides)

    def pool(self, x: Value, window: tuple[int, ...], strides: tuple[int, ...]) -> Value:
        """Return one element per window, given one number for each axis of x."""
        raise NotImplementedError

    @property
    def summary_note(self) -> str:
        words = [super().summary_note]
        if self.strides != self.pool_size:
            words.insert(0, f"strides {short_text(self.strides)}")
        return ", ".join(filter(None, words))


class MaxPooling(Pooling):
    """The largest element of each window; the first of equal ones gets the gradient.

    TensorFlow's 3-D pooling gives the whole gradient to each of equal elements, which is not a derivative.
    """

    keeps_integers = True

    def pool(self, x: Value, window: tuple[int, ...], strides: tuple[int, ...]) -> Value:
        x = self.as_floating(x) if x.dtype == "bool" else x
        return largest_in_windows(x, window, strides, self.padding)


class AveragePooling(Pooling):
    """The mean of each window; of the elements that lie inside the input, where a window does not."""

    def pool(self, x: Value, window: tuple[int, ...], strides: tuple[int, ...]) -> Value:
        return average_pool(x, window, strides, self.padding)


class MaxPooling1D(MaxPooling):
    """The largest element of each window of steps; see `MaxPooling`."""

    spatial = 1

    pool_size: Any = sizes(default=2)


class MaxPooling2D(MaxPooling):
    """The largest element of each window of an image; see `MaxPooling`."""

    spatial = 2

    pool_size: Any = sizes(default=(2, 2))


class MaxPooling3D(MaxPooling):
    """The largest element of each window of a volume; see `MaxPooling`."""

    spatial = 3

    pool_size: Any = sizes(default=(2, 2, 2))


class AveragePooling1D(AveragePooling):
    """The mean of each window of steps; see `AveragePooling`."""

    spatial = 1


class AveragePooling2D(AveragePooling):
    """The mean of each window of an image; see `AveragePooling`."""

    spatial = 2


class AveragePooling3D(AveragePooling):
    """The mean of each window of a volume; see `AveragePooling`."""

    spatial = 3
