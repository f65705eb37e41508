"""Layers that erase, blur or sharpen parts of images at random while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

import numpy

from nnc.checks import check_number
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.augmentation import BYTES, Augmentation, Factor, Pair
from nnc.layers.drawing import draw_normal, draw_uniform
from nnc.layers.options import ImageOptions
from nnc.layers.resizing import known_sizes
from nnc.layers.spatial import check_numbers, per_axis, spatial_axes
from nnc.ops import clip, exp, logical_and, pad, sqrt, sum, sum_pool, take, where


class RandomErasing(Augmentation):
    """While training, overwrites a rectangle in some images.

    Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang: Random erasing data augmentation, AAAI (2020).
    """

    config_keys = ("factor", "scale", "fill_value", "value_range", "seed")
    bounds: ClassVar[Mapping[str, Pair]] = {"factor": (0, 1), "scale": (0, 1)}
    scale: Pair
    fill_value: Any

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = BYTES,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "factor": factor,
            "scale": scale,
            "fill_value": fill_value,
            "value_range": value_range,
            "seed": seed,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name == "fill_value" and value is not None:
            numbers = value if isinstance(value, list | tuple) else [value] * 3
            if len(numbers) != 3:
                raise ModelError(f"{where}: fill_value must be a number, three numbers or None, got {value!r}")
            for number in numbers:
                check_number(where, name, abs(number) if isinstance(number, int | float) else number, low=0)
        return super()._checked_argument(where, name, value)

    def augment(self, x: Value) -> Value:
        inside: Value | None = None
        sizes = known_sizes(x, self.data_format)
        for axis, length in zip(spatial_axes(self.data_format, 2), sizes, strict=True):
            extent = sqrt(self.draw(x, *self.scale)) * float(length)
            start = self.draw(x) * (float(length) - extent)
            places = x.graph.constant(_along(numpy.arange(length), axis), x.dtype)
            within = logical_and(places >= start, places < start + extent)
            inside = within if inside is None else logical_and(inside, within)
        assert inside is not None
        chosen = self.draw(x)
        return where(logical_and(inside, chosen < self.draw(x, *self.factor)), self._fill(x), x)

    def _fill(self, x: Value) -> Value:
        low, high = self.value_range
        if self.fill_value is None:
            return clip(draw_normal(x, x.shape, self.seed) * float(high), low, high)
        axis = -1 if self.data_format == "channels_last" else 1
        numbers = numpy.clip(self.fill_value, low, high)
        return x.graph.constant(_along(numbers, axis % 4) if numbers.ndim else numbers, x.dtype)


class RandomGaussianBlur(Augmentation):
    """While training, blurs some images, all with the same two random widths."""

    config_keys = ("factor", "kernel_size", "sigma", "value_range", "seed")
    bounds: ClassVar[Mapping[str, Pair]] = {"factor": (0, 1), "sigma": (0, 1)}
    kernel_size: Sequence[int]
    sigma: Pair

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = BYTES,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "factor": factor,
            "kernel_size": kernel_size,
            "sigma": sigma,
            "value_range": value_range,
            "seed": seed,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name == "kernel_size":
            numbers = check_numbers(where, name, value, 2)
            if any(number % 2 == 0 for number in numbers):
                raise ModelError(f"{where}: kernel_size must be an odd number, or two of them, got {value!r}")
            return numbers
        return super()._checked_argument(where, name, value)

    def augment(self, x: Value) -> Value:
        low, high = self.sigma
        widths = [draw_uniform(x, (1,), self.seed) * (high - low) + (low + 1e-6) for _ in range(2)]
        blurred = x
        for axis, size, sigma in zip(spatial_axes(self.data_format, 2), self.kernel_size, widths[::-1], strict=True):
            blurred = self._blurred(blurred, axis, size, sigma)
        chosen = self.draw(x)
        return clip(where(chosen < self.draw(x, *self.factor), blurred, x), *self.value_range)

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

    config_keys = ("factor", "value_range", "seed")
    bounds: ClassVar[Mapping[str, Pair]] = {"factor": (0, 1)}

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = BYTES,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {"factor": factor, "value_range": value_range, "seed": seed}
        super().__init__(arguments, data_format=data_format, **options)

    def augment(self, x: Value) -> Value:
        window, step = per_axis(self.data_format, (3, 3)), (1,) * 4
        smoothed = sum_pool(x, window, step, "same") * (1.0 / 13.0) + x * (4.0 / 13.0)
        mixed = x + (1.0 - self.draw(x, *self.factor) * 2.0) * (smoothed - x)
        return clip(mixed, *self.value_range)


def _along(numbers: Any, axis: int) -> Any:
    """Return numbers along one axis of images."""
    return numpy.reshape(numbers, [-1 if other == axis else 1 for other in range(4)])
