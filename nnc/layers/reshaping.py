"""Layers that change the shape of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument
from nnc.checks import is_whole
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Dim, Value, size_of
from nnc.ir.ops import broadcast_to, reshape, transpose
from nnc.layers.arguments import image_format
from nnc.layers.declared import KerasLayer
from nnc.layers.spatial import check_count


class Flatten(KerasLayer):
    """Each row as a vector.

    Args:
        data_format: ``channels_last`` or ``channels_first``; the latter moves the channels behind first, as Keras does.
    """

    keeps_integers = True

    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        if self.data_format == "channels_first" and x.rank > 1:
            x = transpose(x, (0, *range(2, x.rank), 1))
        return reshape(x, (x.shape[0], size_of(x.shape[1:])))


def _check_target_shape(where: str, key: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(is_whole(dim) and dim >= -1 for dim in value):
        raise ModelError(f"{where}: each dimension must be a non-negative integer or -1, got {key}={value!r}")
    if 0 in value:
        raise ModelError(f"{where}: a dimension of 0 leaves no elements, got {key}={value!r}")
    if list(value).count(-1) > 1:
        raise ModelError(f"{where}: at most one unknown dimension, -1, is possible, got {key}={tuple(value)}")
    return tuple(int(dim) for dim in value)


class Reshape(KerasLayer):
    """Each row in another shape.

    Args:
        target_shape: shape of one row; one dimension may be -1.
    """

    key_arguments = ("target_shape",)
    keeps_integers = True

    target_shape: Sequence[int] = argument(_check_target_shape)

    def call(self, x: Value) -> Value:
        row: list[Dim] = list(self.target_shape)
        if -1 in row:
            known = size_of(dim for dim in row if dim != -1)
            row[row.index(-1)] = size_of(x.shape[1:]) // known
        return reshape(x, (x.shape[0], *row))


def _check_dims(where: str, key: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or sorted(value) != list(range(1, len(value) + 1)):
        raise ModelError(
            f"{where}: Invalid permutation of axes in {key}: it must be the numbers from 1 to the number of axes, in "
            f"any order, got {value!r}"
        )
    return tuple(int(dim) for dim in value)


class Permute(KerasLayer):
    """The axes of each row in another order.

    Args:
        dims: for each axis of the output the axis of the input, from 1; the batch is not counted.

    Raises:
        ModelError: `dims` is not such a order, or does not fit an input.
    """

    key_arguments = ("dims",)
    keeps_integers = True

    dims: Sequence[int] = argument(_check_dims)

    def call(self, x: Value) -> Value:
        if x.rank != len(self.dims) + 1:
            raise ModelError(
                f"expected an input with {len(self.dims) + 1} dimensions for dims {self.dims}, got {x.type}"
            )
        return transpose(x, (0, *self.dims))


class RepeatVector(KerasLayer):
    """Each row, a vector, n times as a sequence of shape (n, features).

    Args:
        n: how many times.
    """

    key_arguments = ("n",)
    keeps_integers = True

    n: int = argument(check_count)

    def call(self, x: Value) -> Value:
        if x.rank != 2:
            raise ModelError(f"expected an input with 2 dimensions, (batch, features), got {x.type}")
        batch, features = x.shape
        return broadcast_to(reshape(x, (batch, 1, features)), (batch, self.n, features))
