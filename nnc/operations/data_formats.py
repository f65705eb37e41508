"""Where batch, channels and the axes between them are in images, sequences and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Dim, SymbolicDim, Value, ops
from nnc.settings import SETTINGS

CHANNELS_FIRST = "channels_first"
CHANNELS_LAST = "channels_last"


def check_data_format(where: str, data_format: Any) -> str:
    """Return the data format; where None is given, that of `nnc.config.image_data_format`.

    Raises:
        ModelError: it is none.
    """
    if data_format not in (None, CHANNELS_LAST, CHANNELS_FIRST):
        raise ModelError(f"{where}: data_format must be {CHANNELS_LAST} or {CHANNELS_FIRST}, got {data_format!r}")
    return data_format or SETTINGS.image_data_format


def spatial_axes(data_format: str | None, count: int) -> tuple[int, ...]:
    """Return the axes between batch and channels.

    >>> spatial_axes("channels_last", 2), spatial_axes("channels_first", 2)
    ((1, 2), (2, 3))
    """
    first = 2 if data_format == CHANNELS_FIRST else 1
    return tuple(range(first, first + count))


def per_axis(data_format: str | None, numbers: tuple[int, ...], other: int = 1) -> tuple[int, ...]:
    """Return one number for each axis: those of the spatial axes, and `other` for batch and channels.

    >>> per_axis("channels_first", (2, 3))
    (1, 1, 2, 3)
    """
    return (other, other, *numbers) if data_format == CHANNELS_FIRST else (other, *numbers, other)


def check_rank(x: Value, count: int, data_format: str | None = CHANNELS_LAST) -> None:
    """Check that an input has batch, channels and so many axes between them.

    Raises:
        ModelError: it has not.
    """
    if x.rank != count + 2:
        axes = "steps" if count == 1 else ", ".join(("depth", "height", "width")[-count:])
        form = f"(batch, channels, {axes})" if data_format == CHANNELS_FIRST else f"(batch, {axes}, channels)"
        raise ModelError(f"expected an input with {count + 2} dimensions, {form}, got {x.type}")


def known_sizes(x: Value, data_format: str | None) -> tuple[int, int]:
    """Return height and width of images.

    Raises:
        ModelError: x is not a batch of images, or its size is not known before the run.
    """
    check_rank(x, 2, data_format)
    height, width = (x.shape[axis] for axis in spatial_axes(data_format, 2))
    if isinstance(height, SymbolicDim) or isinstance(width, SymbolicDim):
        raise ModelError(f"images must have a known height and width, got {x.type}")
    return height, width


def channels_behind(x: Value, data_format: str | None) -> Value:
    """Return x with its channels behind all other axes; axis 0 is the batch."""
    return ops.transpose(x, (0, *range(2, x.rank), 1)) if data_format == CHANNELS_FIRST else x


def channels_placed(x: Value, data_format: str | None) -> Value:
    """Return x, whose channels are behind, in a data format."""
    return ops.transpose(x, (0, x.rank - 1, *range(1, x.rank - 1))) if data_format == CHANNELS_FIRST else x


def along_axes(weight: Value, x: Value, axes: Sequence[int]) -> Value:
    """Return a weight whose axes are some of x's with an axis of length 1 for each other axis of x."""
    if weight.rank == x.rank:
        return weight
    if weight.shape == x.shape[x.rank - weight.rank :] and list(axes) == list(range(x.rank - len(axes), x.rank)):
        return weight
    shape: list[Dim] = [dim if axis in axes else 1 for axis, dim in enumerate(x.shape)]
    return ops.reshape(weight, shape)
