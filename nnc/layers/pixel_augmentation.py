"""Layers that erase, blur or sharpen parts of images at random while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.arguments import argument, random_seed
from nnc.checks import check_number
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import clip, exp, logical_and, pad, sqrt, sum, sum_pool, take, where
from nnc.layers.arguments import factor_range, image_format, value_range
from nnc.layers.augmentation import BYTES, Augmentation, Factor, limits
from nnc.layers.random_numbers import draw_normal, draw_uniform
from nnc.layers.spatial import check_numbers
from nnc.operations.data_formats import known_sizes, per_axis, spatial_axes


def _check_fill_value(where: str, key: str, value: Any) -> Any:
    """Return a number, or one for each channel."""
    numbers = value if isinstance(value, list | tuple) else [value] * 3
    if len(numbers) != 3:
        raise ModelError(f"{where}: {key} must be a number, three numbers or None, got {value!r}")
    for item in numbers:
        check_number(where, key, item)
    return value


class RandomErasing(Augmentation):
    """While training, overwrites a rectangle in some images.

    Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang: Random erasing data augmentation, AAAI (2020).
    """

    factor: Factor = factor_range(0, 1, default=1.0)
    scale: Factor = factor_range(0, 1, default=(0.02, 0.33))
    fill_value: float | Sequence[float] | None = argument(_check_fill_value, default=None)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        inside: Value | None = None
        sizes = known_sizes(x, self.data_format)
        for axis, length in zip(spatial_axes(self.data_format, 2), sizes, strict=True):
            extent = sqrt(self.draw(x, self.scale)) * float(length)
            start = self.draw(x) * (float(length) - extent)
            places = x.graph.constant(_along(numpy.arange(length), axis), x.dtype)
            within = logical_and(places >= start, places < start + extent)
            inside = within if inside is None else logical_and(inside, within)
        assert inside is not None
        chosen = self.draw(x)
        return where(logical_and(inside, chosen < self.draw(x, self.factor)), self._fill(x), x)

    def _fill(self, x: Value) -> Value:
        low, high = self.value_range
        if self.fill_value is None:
            return clip(draw_normal(x, x.shape, self.seed) * float(high), low, high)
        axis = -1 if self.data_format == "channels_last" else 1
        numbers = numpy.clip(self.fill_value, low, high)
        return x.graph.constant(_along(numbers, axis % 4) if numbers.ndim else numbers, x.dtype)


def _check_kernel_size(where: str, key: str, value: Any) -> tuple[int, ...]:
    """Return the height and width of a kernel with a middle."""
    numbers = check_numbers(where, key, value, 2)
    if any(size % 2 == 0 for size in numbers):
        raise ModelError(f"{where}: {key} must be an odd number, or two of them, got {value!r}")
    return numbers


class RandomGaussianBlur(Augmentation):
    """While training, blurs some images, all with the same two random widths."""

    factor: Factor = factor_range(0, 1, default=1.0)
    kernel_size: int | Sequence[int] = argument(_check_kernel_size, default=3)
    sigma: Factor = factor_range(0, 1, default=1.0)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        low, high = limits(self.sigma)
        widths = [draw_uniform(x, (1,), self.seed) * (high - low) + (low + 1e-6) for _ in range(2)]
        blurred = x
        assert isinstance(self.kernel_size, tuple)
        for axis, size, sigma in zip(spatial_axes(self.data_format, 2), self.kernel_size, widths[::-1], strict=True):
            blurred = self._blurred(blurred, axis, size, sigma)
        chosen = self.draw(x)
        return clip(where(chosen < self.draw(x, self.factor), blurred, x), *self.value_range)

    @staticmethod
    def _blurred(x: Value, axis: int, size: int, sigma: Value) -> Value:
        """Return x with each element the weighted mean of `size` along an axis, with zeros outside."""
        distances = x.graph.constant(numpy.arange(size) - (size - 1) / 2, x.dtype) / sigma
        weights = exp(distances * distances * -0.5)
        weights = weights / sum(weights)
        widths = [(0, 0)] * x.rank
        widths[axis] = size // 2, size // 2
        padded, length = pad(x, widths), x.shape[axis]
        total = take(padded, axis, 0, length) * take(weights, 0, 0, 1)
        for number in range(1, size):
            total = total + take(padded, axis, number, length + number) * take(weights, 0, number, number + 1)
        return total


class RandomSharpness(Augmentation):
    """While training, mixes each image with a smoothed one; more than half of `factor` sharpens."""

    factor: Factor = factor_range(0, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        window, step = per_axis(self.data_format, (3, 3)), (1,) * 4
        smoothed = sum_pool(x, window, step, "same") * (1.0 / 13.0) + x * (4.0 / 13.0)
        mixed = x + (1.0 - self.draw(x, self.factor) * 2.0) * (smoothed - x)
        return clip(mixed, *self.value_range)


def _along(numbers: Any, axis: int) -> Any:
    """Return numbers along one axis of images."""
    return numpy.reshape(numbers, [-1 if other == axis else 1 for other in range(4)])
