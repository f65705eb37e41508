"""Zeros around sequences, images and volumes, and their removal."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.layers.spatial import check_data_format, check_numbers, check_pairs, check_rank, spatial_axes
from nnc.ops import pad, take


class ZeroPadding(Layer):
    """Base of layers that put zeros around an input.

    Args:
        padding: zeros to add: one number for all sides, one per axis, or pairs (before, after) per axis.
        data_format: ``channels_last`` or ``channels_first``.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("padding",)
    keeps_integers = True
    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(
        self, padding: Any = 1, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        self.data_format = check_data_format(where, data_format)
        self.padding = check_sides(where, "padding", padding, self.dimensions)

    def call(self, x: Value) -> Value:
        check_rank(x, self.dimensions, self.data_format)
        widths = [(0, 0)] * x.rank
        for axis, pair in zip(spatial_axes(self.data_format, self.dimensions), self.padding, strict=True):
            widths[axis] = pair
        return pad(x, widths)

    def get_config(self) -> dict[str, Any]:
        sides = sides_config(self.padding)
        return {**super().get_config(), "padding": sides, "data_format": self.data_format}


class Cropping(Layer):
    """Base of layers that cut off the sides of an input.

    Args:
        cropping: what to cut off: one number for all sides, one per axis, or pairs (before, after) per axis.
        data_format: ``channels_last`` or ``channels_first``.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong, or nothing would be left of an input.
    """

    key_arguments = ("cropping",)
    keeps_integers = True
    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(
        self, cropping: Any = 0, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        self.data_format = check_data_format(where, data_format)
        self.cropping = check_sides(where, "cropping", cropping, self.dimensions)

    def call(self, x: Value) -> Value:
        check_rank(x, self.dimensions, self.data_format)
        for axis, (before, after) in zip(spatial_axes(self.data_format, self.dimensions), self.cropping, strict=True):
            length = x.shape[axis]
            if not isinstance(length, SymbolicDim) and before + after >= length:
                raise ModelError(f"cropping {self.cropping} leaves nothing of axis {axis} of {x.type}")
            if before or after:
                x = take(x, axis, before, length - after)
        return x

    def get_config(self) -> dict[str, Any]:
        sides = sides_config(self.cropping)
        return {**super().get_config(), "cropping": sides, "data_format": self.data_format}


def check_sides(where: str, key: str, value: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Return a pair (before, after) per axis; one axis takes the pair itself.

    Raises:
        ModelError: the value does not fit.
    """
    if count > 1:
        return check_pairs(where, key, value, count)
    before, after = check_numbers(where, key, value, 2, least=0)
    return ((before, after),)


def sides_config(pairs: tuple[tuple[int, int], ...]) -> list[Any]:
    """Return pairs in the form of Keras's configs."""
    return list(pairs[0]) if len(pairs) == 1 else [list(pair) for pair in pairs]


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after a sequence."""

    dimensions: ClassVar[int] = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around an image."""

    dimensions: ClassVar[int] = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(padding, data_format, **options)


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume."""

    dimensions: ClassVar[int] = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(padding, data_format, **options)


class Cropping1D(Cropping):
    """A sequence without some steps at its ends; channels are last."""

    dimensions: ClassVar[int] = 1

    def __init__(self, cropping: Any = (1, 1), **options: Unpack[LayerOptions]) -> None:
        super().__init__(cropping, **options)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("data_format")
        return config


class Cropping2D(Cropping):
    """An image without its sides."""

    dimensions: ClassVar[int] = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(cropping, data_format, **options)


class Cropping3D(Cropping):
    """A volume without its sides."""

    dimensions: ClassVar[int] = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format, **options)
