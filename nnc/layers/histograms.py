"""Layers that spread the brightness of images evenly, by their histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.arguments import number, positive
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Dim, Value, size_of
from nnc.ir.ops import (
    broadcast_to,
    cast,
    clip,
    concatenate,
    equal,
    flip,
    floor,
    gather,
    logical_and,
    matmul,
    max,
    minimum,
    reshape,
    sum,
    take,
    transpose,
    where,
)
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.ir.ops.sizes import Iota
from nnc.layers.arguments import image_format, sizes, value_range
from nnc.layers.augmentation import BYTES, Augmentation
from nnc.operations.data_formats import CHANNELS_FIRST, known_sizes

_LEVELS = 256


class Equalization(Augmentation):
    """While training, flattens the histogram of each channel, over all images of the batch together."""

    keeps_integers_of_arrays = True

    value_range: Sequence[float] = value_range(default=BYTES)
    bins: int = positive(default=256)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        low, high = (float(number) for number in self.value_range)
        scale = 255.0 / (high - low)
        pixels = x if (low, high) == BYTES else x * scale + -low * scale
        axis = 1 if self.data_format == CHANNELS_FIRST else 3
        channels = _known(x, axis)
        spread = [channels if at == axis else 1 for at in range(4)]
        first = x.graph.constant(numpy.arange(channels).reshape(spread) * self.bins, "int32")
        bins = cast(clip(pixels * float(self.bins - 1) / 255.0, 0.0, self.bins - 1), "int32") + first
        # in float64, because numbers of pixels are products with 255 before they are rounded
        sums = cumulated(count(bins, channels * self.bins, "float64"), (channels, self.bins))
        total = take(sums, 1, self.bins - 1, self.bins)
        least = -max(-where(sums > 0.0, sums, total), 1, keepdims=True)
        width = total - least
        levels = clip(_rounded((sums - least) * 255.0 / where(equal(width, 0.0), 1.0, width)), 0.0, 255.0)
        places = cast(clip(pixels / 255.0 * float(self.bins - 1), 0.0, self.bins - 1), "int32") + first
        found = gather(cast(reshape(levels, (channels * self.bins,)), x.dtype), places)
        result = where(reshape(equal(width, 0.0), spread), pixels, found)  # a channel of one bin stays
        return result if (low, high) == BYTES else result * ((high - low) / 255.0) + low


class ContrastLimitedAdaptiveHistogramEqualization(Augmentation):
    """Flattens the histograms of the tiles of each image, as far as a limit allows; when predicting, too.

    Each pixel gets what the four nearest tiles make of it, by linear interpolation.

    K. Zuiderveld: Contrast limited adaptive histogram equalization, Graphics Gems IV (1994).
    """

    keeps_integers_of_arrays = True
    acts_always = True

    value_range: Sequence[float] = value_range(default=BYTES)
    clip_limit: float = number(0, default=4.0)
    tile_grid_size: int | Sequence[int] = sizes(default=(8, 8))
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Any, training: bool = True) -> Any:
        found = super().call(x, training)
        return found if isinstance(x, Mapping) else cast(found, x.dtype)

    def augment(self, x: Value) -> Value:
        height, width = known_sizes(x, self.data_format)
        if self.data_format == CHANNELS_FIRST:
            x = transpose(x, (0, 2, 3, 1))
        low, high = (float(number) for number in self.value_range)
        pixels = x if (low, high) == BYTES else (x - low) / (high - low) * 255.0
        result = self._equalized(cast(clip(pixels, 0.0, 255.0), "int32"), height, width, x.dtype)
        if (low, high) != BYTES:
            result = result / 255.0 * (high - low) + low
        return transpose(result, (0, 3, 1, 2)) if self.data_format == CHANNELS_FIRST else result

    def _equalized(self, pixels: Value, height: int, width: int, dtype: str) -> Value:
        """Return images of 0 … 255 for whole numbers of this range, channels last."""
        graph, batch, channels = pixels.graph, pixels.shape[0], _known(pixels, 3)
        assert isinstance(self.tile_grid_size, tuple)
        edges = [-(-length // tiles) for length, tiles in zip((height, width), self.tile_grid_size, strict=True)]
        padded = pixels
        for axis, (length, tiles, edge) in enumerate(zip((height, width), self.tile_grid_size, edges, strict=True), 1):
            padded = _mirrored(padded, axis, length, tiles * edge - length)
        per_tile = channels * _LEVELS
        rows, columns = self.tile_grid_size
        image = reshape(graph.add(Iota(batch, "int32"))[0], (batch, 1, 1, 1)) * (rows * columns * per_tile)
        channel = graph.constant(numpy.arange(channels).reshape(1, 1, 1, -1) * _LEVELS, "int32")

        def tile(down: Any, across: Any) -> Value:
            """Return the first element of the tile's levels for each row and column of pixels."""
            numbers = numpy.asarray(down)[:, None] * columns + numpy.asarray(across)[None, :]
            return graph.constant(numbers[None, :, :, None] * per_tile, "int32")

        owners = [numpy.arange(tiles * edge) // edge for tiles, edge in zip(self.tile_grid_size, edges, strict=True)]
        size = batch * rows * columns * per_tile
        counts = count(padded + channel + image + tile(*owners), size, dtype)
        levels = reshape(self._levels(counts, edges[0] * edges[1], batch * rows * columns * channels), (size,))
        (above, below, down), (left, right, across) = (
            _neighbours(length, tiles, edge)
            for length, tiles, edge in zip((height, width), self.tile_grid_size, edges, strict=True)
        )
        place = pixels + channel + image
        across_share = graph.constant(across.reshape(1, 1, -1, 1), dtype)
        down_share = graph.constant(down.reshape(1, -1, 1, 1), dtype)
        upper, lower = (
            gather(levels, place + tile(row, left)) * (1.0 - across_share)
            + gather(levels, place + tile(row, right)) * across_share
            for row in (above, below)
        )
        return upper * (1.0 - down_share) + lower * down_share

    def _levels(self, counts: Value, pixels: int, tiles: Dim) -> Value:
        """Return what each brightness becomes in each tile, of shape (tiles, 256)."""
        counts = reshape(counts, (tiles, _LEVELS))
        if self.clip_limit > 0:
            limited = minimum(counts, float(self.clip_limit * pixels / _LEVELS))
            counts = limited + sum(counts - limited, 1, keepdims=True) / float(_LEVELS)
        sums = cumulated(counts, (tiles, _LEVELS))
        least = take(sums, 1, 0, 1)
        width = float(pixels) - least
        return clip((sums - least) * 255.0 / where(equal(width, 0.0), 1.0, width), 0.0, 255.0)


def count(numbers: Value, size: Dim, dtype: str) -> Value:
    """Return how often each of the whole numbers 0 … size - 1 is there."""
    ones = broadcast_to(numbers.graph.constant(1.0, dtype), numbers.shape)
    flat = (size_of(numbers.shape),)
    return apply(ScatterAdd((size,)), reshape(ones, flat), reshape(numbers, flat))


def cumulated(x: Value, shape: tuple[Dim, int]) -> Value:
    """Return sums of each row of x up to each element; x is seen in a shape of rows and elements."""
    length = shape[1]
    return matmul(reshape(x, shape), x.graph.constant(numpy.tri(length).T, x.dtype))


def _rounded(x: Value) -> Value:
    """Return the nearest whole numbers, of two the even one."""
    above = floor(x + 0.5)
    is_odd = above - floor(above * 0.5) * 2.0 > 0.5
    return where(logical_and(equal(above, x + 0.5), is_odd), above - 1.0, above)


def _mirrored(x: Value, axis: int, length: int, more: int) -> Value:
    """Return x with so many more elements at the end of an axis, in mirror image."""
    if more > length:
        raise ModelError(f"tile_grid_size has more tiles than fit axis {axis} of images of type {x.type}")
    return x if not more else concatenate([x, flip(take(x, axis, length - more, length), axis)], axis)


def _neighbours(length: int, tiles: int, edge: int) -> tuple[Any, Any, Any]:
    """Return the tile before and after each place along an axis, and the share of the second."""
    place = (numpy.arange(length, dtype="float32") - edge / 2.0) / edge + 1.0
    before = numpy.floor(place)
    share = place - before
    first, second = (numpy.clip(number - 1, 0, tiles - 1).astype(int) for number in (before, before + 1))
    return first, second, share


def _known(x: Value, axis: int) -> int:
    length = x.shape[axis]
    if not isinstance(length, int):
        raise ModelError(f"images must have a known number of channels, got {x.type}")
    return length
