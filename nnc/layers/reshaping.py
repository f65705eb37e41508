"""Layers that change the shape of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy

from nnc.checks import check_positive
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Dim, Value, size_of
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.ops import broadcast_to, reshape, transpose


class Flatten(Layer):
    """Each row as a vector.

    Args:
        data_format: ``channels_last`` or ``channels_first``; the latter moves the channels behind first, as Keras does.
        options: arguments of `Layer`.
    """

    keeps_integers = True

    def __init__(self, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ModelError(f"Flatten: data_format must be channels_last or channels_first, got {data_format!r}")
        self.data_format = data_format or "channels_last"

    def call(self, x: Value) -> Value:
        if self.data_format == "channels_first" and x.rank > 1:
            x = transpose(x, (0, *range(2, x.rank), 1))
        return reshape(x, (x.shape[0], size_of(x.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Each row in another shape.

    Args:
        target_shape: shape of one row; one dimension may be -1.
        options: arguments of `Layer`.
    """

    key_arguments = ("target_shape",)
    keeps_integers = True

    def __init__(self, target_shape: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(target_shape, list | tuple) or not all(
            isinstance(dim, int | numpy.integer) and not isinstance(dim, bool) and (dim > 0 or dim == -1)
            for dim in target_shape
        ):
            raise ModelError(f"Reshape: target_shape must be a tuple of positive integers or -1, got {target_shape!r}")
        if list(target_shape).count(-1) > 1:
            raise ModelError(f"Reshape: only one dimension of target_shape may be -1, got {tuple(target_shape)}")
        self.target_shape = tuple(int(dim) for dim in target_shape)

    def call(self, x: Value) -> Value:
        row: list[Dim] = list(self.target_shape)
        if -1 in row:
            known = size_of(dim for dim in row if dim != -1)
            row[row.index(-1)] = size_of(x.shape[1:]) // known
        return reshape(x, (x.shape[0], *row))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": list(self.target_shape)}


class Permute(Layer):
    """The axes of each row in another order.

    Args:
        dims: for each axis of the output the axis of the input, from 1; the batch is not counted.
        options: arguments of `Layer`.

    Raises:
        ModelError: `dims` is not such a order, or does not fit an input.
    """

    key_arguments = ("dims",)
    keeps_integers = True

    def __init__(self, dims: Sequence[int], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not isinstance(dims, list | tuple) or sorted(dims) != list(range(1, len(dims) + 1)):
            raise ModelError(
                f"Permute: dims must be the numbers from 1 to the number of axes, in any order, got {dims!r}"
            )
        self.dims = tuple(int(dim) for dim in dims)

    def call(self, x: Value) -> Value:
        if x.rank != len(self.dims) + 1:
            raise ModelError(
                f"expected an input with {len(self.dims) + 1} dimensions for dims {self.dims}, got {x.type}"
            )
        return transpose(x, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": list(self.dims)}


class RepeatVector(Layer):
    """Each row, a vector, n times as a sequence of shape (n, features).

    Args:
        n: how many times.
        options: arguments of `Layer`.
    """

    key_arguments = ("n",)
    keeps_integers = True

    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.n = check_positive("RepeatVector", "n", n)

    def call(self, x: Value) -> Value:
        if x.rank != 2:
            raise ModelError(f"expected an input with 2 dimensions, (batch, features), got {x.type}")
        batch, features = x.shape
        return broadcast_to(reshape(x, (batch, 1, features)), (batch, self.n, features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
