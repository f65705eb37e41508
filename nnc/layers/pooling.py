"""Maxima and means over windows of sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from nnc.choices import DataFormat, PaddingName
from nnc.ir import Value
from nnc.layers.argument_texts import short_text
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions, NamelessLayerOptions
from nnc.layers.spatial import check_data_format, check_numbers, check_padding, check_rank, per_axis
from nnc.ops import average_pool, cast, max_pool


def largest_in_windows(x: Value, window: tuple[int, ...], strides: tuple[int, ...], padding: str = "valid") -> Value:
    """Return the largest element of each window; whole numbers as such, exactly up to 2⁵³."""
    if x.type.is_floating:
        return max_pool(x, window, strides, padding)
    return cast(max_pool(cast(x, "float64"), window, strides, padding), x.dtype)


class Pooling(Layer):
    """Base of layers that make one element of each window.

    Args:
        pool_size: length of the windows, for all axes or one per axis.
        strides: distance of the windows; `pool_size` by default.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last`` or ``channels_first``.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong, or an input has no window.
    """

    key_arguments = ("pool_size",)
    noted_arguments = ("{padding}",)
    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        where, count = type(self).__name__, self.dimensions
        self.pool_size = check_numbers(where, "pool_size", pool_size, count)
        self.strides = check_numbers(where, "strides", pool_size if strides is None else strides, count)
        self.padding = check_padding(where, padding)
        self.data_format = check_data_format(where, data_format)

    def call(self, x: Value) -> Value:
        check_rank(x, self.dimensions, self.data_format)
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "padding": self.padding,
            "strides": list(self.strides),
            "data_format": self.data_format,
        }


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

    dimensions: ClassVar[int] = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        name: str | None = None,
        **options: Unpack[NamelessLayerOptions],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **options)


class MaxPooling2D(MaxPooling):
    """The largest element of each window of an image; see `MaxPooling`."""

    dimensions: ClassVar[int] = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        name: str | None = None,
        **options: Unpack[NamelessLayerOptions],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **options)


class MaxPooling3D(MaxPooling):
    """The largest element of each window of a volume; see `MaxPooling`."""

    dimensions: ClassVar[int] = 3

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: PaddingName = "valid",
        data_format: DataFormat | None = None,
        name: str | None = None,
        **options: Unpack[NamelessLayerOptions],
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **options)


class AveragePooling1D(AveragePooling):
    """The mean of each window of steps; see `AveragePooling`."""

    dimensions: ClassVar[int] = 1


class AveragePooling2D(AveragePooling):
    """The mean of each window of an image; see `AveragePooling`."""

    dimensions: ClassVar[int] = 2


class AveragePooling3D(AveragePooling):
    """The mean of each window of a volume; see `AveragePooling`."""

    dimensions: ClassVar[int] = 3
