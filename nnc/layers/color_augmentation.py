"""Layers that change the colours of images at random while training, each image by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, number, random_seed
from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.ir.ops import clip, floor, max, mean, where
from nnc.layers.arguments import factor_range, image_format, value_range
from nnc.layers.augmentation import BYTES, Augmentation, Factor, limits
from nnc.operations.colors import channel_axis, grayscale, hsv_to_rgb, rgb_to_hsv
from nnc.operations.data_formats import spatial_axes
from nnc.settings import SETTINGS


def move_range(x: Value, old: Sequence[float], new: Sequence[float]) -> Value:
    """Return numbers of one range as those of another."""
    if tuple(old) == tuple(new):
        return x
    return (x - float(old[0])) * ((new[1] - new[0]) / (old[1] - old[0])) + float(new[0])


class AutoContrast(Augmentation):
    """Each channel of an image stretched to the whole range; when predicting, too."""

    acts_always = True

    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None, kw_only=True)

    def augment(self, x: Value) -> Value:
        images = move_range(x, self.value_range, BYTES)
        low, high = -max(-images, (1, 2), keepdims=True), max(images, (1, 2), keepdims=True)
        width = high - low
        stretched = clip((images - low) * (255.0 / where(width > 0.0, width, 1.0)), 0.0, 255.0)
        return where(width > 0.0, move_range(stretched, BYTES, self.value_range), x)


class RandomBrightness(Augmentation):
    """While training, adds a number to each image: `factor` times the width of the range."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(-1, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None, kw_only=True)

    def augment(self, x: Value) -> Value:
        low, high = self.value_range
        return clip(x + self.draw(x, self.factor) * float(high - low), low, high)


class RandomContrast(Augmentation):
    """While training, multiplies the distance of each pixel from the image's mean."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(0, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None, kw_only=True)

    def augment(self, x: Value) -> Value:
        middle = mean(x, spatial_axes(self.data_format, 2), keepdims=True)
        low, high = limits(self.factor)
        changed = (x - middle) * self.draw(x, (1.0 - low, 1.0 + high)) + middle
        return clip(changed, *self.value_range)


class RandomColorDegeneration(Augmentation):
    """While training, mixes each image with its grey form."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(-1, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        mixed = x + self.draw(x, self.factor) * (grayscale(x, self.data_format) - x)
        return clip(mixed, *self.value_range)


class RandomGrayscale(Augmentation):
    """While training, makes a share of the images grey."""

    keeps_integers_of_arrays = True

    factor: float = number(0, 1, default=0.5)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None, written="never")

    def augment(self, x: Value) -> Value:
        return where(self.draw(x) < self.factor, grayscale(x, self.data_format), x)


class RandomInvert(Augmentation):
    """While training, subtracts some images from the range's upper end."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(0, 1, default=1.0)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        probability = self.draw(x, self.factor)
        return where(self.draw(x) < probability, float(self.value_range[1]) - x, x)


class RandomPosterization(Augmentation):
    """While training, keeps the highest bits of each pixel only: a random number of them, from 1 to 8."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(1, 8)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        low, high = limits(self.factor)
        bits = floor(self.draw(x, (low, high))) if low != high else low
        step: Any = x.graph.constant(2.0, x.dtype) ** (8.0 - bits) if isinstance(bits, Value) else 2.0 ** (8 - bits)
        images = floor(move_range(x, self.value_range, BYTES))
        return move_range(floor(images / step) * step, BYTES, self.value_range)


class Solarization(Augmentation):
    """While training, adds a number to each image and turns round what is not below another."""

    addition_factor: Factor = factor_range(0, 1, default=0.0)
    threshold_factor: Factor = factor_range(0, 1, default=0.0)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None, kw_only=True)

    def augment(self, x: Value) -> Value:
        additions, thresholds = (
            self.draw(x, (low, high * 255.0))
            for low, high in map(limits, (self.addition_factor, self.threshold_factor))
        )
        images = clip(move_range(x, self.value_range, BYTES) + additions, 0.0, 255.0)
        return move_range(where(images < thresholds, images, 255.0 - images), BYTES, self.value_range)


class RandomSaturation(Augmentation):
    """While training, multiplies how colourful each image is by f / (1 - f), where f is drawn from `factor`."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(-1, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        axis = channel_axis(x, self.data_format)
        hue, saturation, value = rgb_to_hsv(x, axis)
        factor = self.draw(x, self.factor)
        saturation = clip(saturation * (factor / (1.0 - factor + SETTINGS.epsilon)), *self.value_range)
        return hsv_to_rgb(hue, saturation, value, axis)


class RandomHue(Augmentation):
    """While training, turns the colours of each image by up to half of `factor` of the circle, in either direction."""

    keeps_integers_of_arrays = True

    factor: Factor = factor_range(0, 1)
    value_range: Sequence[float] = value_range(default=BYTES)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        axis = channel_axis(x, self.data_format)
        hue, saturation, value = rgb_to_hsv(move_range(x, self.value_range, (0, 1)), axis)
        angle = self.draw(x, self.factor) * 0.5
        hue = hue + where(self.draw(x) > 0.5, -angle, angle)
        hue = where(hue > 1.0, hue - 1.0, hue)
        hue = where(hue < 0.0, hue + 1.0, hue)
        return move_range(clip(hsv_to_rgb(hue, saturation, value, axis), 0.0, 1.0), (0, 1), self.value_range)


class RandomColorJitter(Augmentation):
    """While training, changes brightness, contrast, saturation and hue, those whose factor is given."""

    keeps_integers_of_arrays = True

    value_range: Sequence[float] = value_range(default=BYTES)
    brightness_factor: Factor | None = argument(default=None)
    contrast_factor: Factor | None = argument(default=None)
    saturation_factor: Factor | None = argument(default=None)
    hue_factor: Factor | None = argument(default=None)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = (
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        )
        shared: dict[str, Any] = {"value_range": self.value_range, "seed": self.seed, "data_format": self.data_format}
        self.steps = [cls(factor, **shared) for cls, factor in given if factor is not None]

    def augment(self, x: Value) -> Value:
        for step in self.steps:
            x = step.augment(x)
        return x
