"""Layers that move the pixels of images at random while training."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import numpy

from nnc.arguments import argument, choice, number, passed_on, positive, random_seed
from nnc.choices import DataFormat, FillMode, FlipMode, Interpolation
from nnc.ir import Value, size_of
from nnc.ir.ops import cos, flip, floor, matmul, reshape, sin, take, where
from nnc.ir.ops.comparison import Equal
from nnc.ir.ops.elementwise import apply
from nnc.layers.arguments import factor_range, image_format
from nnc.layers.augmentation import Augmentation, Factor, NamelessAugmentation
from nnc.layers.random_numbers import draw_uniform
from nnc.layers.spatial import check_range
from nnc.operations.data_formats import known_sizes, spatial_axes
from nnc.operations.interpolation import resize_axis
from nnc.operations.warping import FILL_MODES, WAYS, warp

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(Augmentation):
    """While training, mirrors half of the images."""

    mode: FlipMode = choice(*_MODES, default="horizontal_and_vertical")
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        vertical, horizontal = spatial_axes(self.data_format, 2)
        flipped = x
        for name, axis in (("horizontal", horizontal), ("vertical", vertical)):
            if name in self.mode:
                flipped = flip(flipped, axis)
        return where(self.draw(x) <= 0.5, flipped, x)


class RandomCrop(NamelessAugmentation):
    """While training, a part of the images at a random place; smaller ones are interpolated.

    As in Keras, images stay as they are when predicting, even if they have another size than the layer's output, after
    which layers behind it are built.
    """

    key_arguments = ("height", "width")
    keeps_integers_of_arrays = True

    height: int = positive()
    width: int = positive()
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")

    def output_types(self, *args: Any, **kwargs: Any) -> Any:
        """Return the types of the outputs in training, as Keras does."""
        return super().output_types(*args, **kwargs | {"training": True})

    def augment(self, x: Value) -> Value:
        sizes, size = known_sizes(x, self.data_format), (self.height, self.width)
        axes = spatial_axes(self.data_format, 2)
        if all(length > wanted for length, wanted in zip(sizes, size, strict=True)):
            for axis, length, wanted in zip(axes, sizes, size, strict=True):
                x = self._cut(x, axis, length, wanted)
            return x
        fitting = int(sizes[1] * size[0] / size[1]), int(sizes[0] * size[1] / size[0])
        for axis, length, wanted, part in zip(axes, sizes, size, fitting, strict=True):
            start = (length - max(min(length, part), 1)) // 2
            x = take(x, axis, start, min(start + wanted, length))
            x = resize_axis(x, axis, wanted, "bilinear")
        return x

    def _cut(self, x: Value, axis: int, length: int, wanted: int) -> Value:
        """Return a part of an axis from a random place on, by the product with rows of a unit matrix."""
        start = floor(draw_uniform(x, (1, 1), self.seed) * float(length - wanted + 1))
        rows = x.graph.constant(numpy.arange(wanted)[:, None], x.dtype) + start
        chosen = apply(Equal(dtype=x.dtype), rows, x.graph.constant(numpy.arange(length), x.dtype))
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        columns = reshape(x, (size_of(before), length, size_of(after)))
        return reshape(matmul(chosen, columns), (*before, wanted, *after))


class Warping(Augmentation):
    """Base of layers that read pixels at other places."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.interpolation: Interpolation
        self.fill_mode: FillMode
        self.fill_value: float

    def augment(self, x: Value) -> Value:
        matrix = self.matrix(x, *known_sizes(x, self.data_format))
        return warp(x, matrix, self.interpolation, self.fill_mode, self.fill_value, self.data_format)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        """Return the six numbers that `warp` takes."""
        raise NotImplementedError

    def draw_for(self, x: Value, factor: Factor) -> Value:
        """Return a uniform random number per image, of shape (batch, 1, 1)."""
        return reshape(self.draw(x, factor), (x.shape[0], 1, 1))


class RandomRotation(Warping):
    """While training, turns each image around its centre by a share of a whole turn."""

    factor: Factor = factor_range(-1, 1)
    fill_mode: FillMode = choice(*FILL_MODES, default="reflect")
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    seed: int | None = random_seed(default=None)
    fill_value: float = number(default=0.0)
    data_format: DataFormat | None = image_format(default=None)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        angle = self.draw_for(x, self.factor) * (2.0 * pi)
        cosine, sine = cos(angle), sin(angle)
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        return (
            cosine,
            -sine,
            middle_x - cosine * middle_x + sine * middle_y,
            sine,
            cosine,
            middle_y - sine * middle_x - cosine * middle_y,
        )


class RandomShear(Warping):
    """While training, slants each image, in either direction."""

    x_factor: Factor = factor_range(-1, 1, default=0.0)
    y_factor: Factor = factor_range(-1, 1, default=0.0)
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    fill_mode: FillMode = choice(*FILL_MODES, default="reflect")
    fill_value: float = number(default=0.0)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        direction = where(self.draw_for(x, (0.0, 1.0)) > 0.5, x.graph.constant(-1.0, x.dtype), 1.0)
        across, down = (self.draw_for(x, factor) * direction for factor in (self.x_factor, self.y_factor))
        return 1.0, across, 0.0, down, 1.0, 0.0


def _check_shares(where: str, key: str, value: Any) -> Any:
    """Return a factor as it is given."""
    check_range(where, key, value, -1, 1)
    return value


class Sizing(Warping):
    """Base of layers whose factors are shares of an image's height and width."""

    height_factor: Factor = argument(_check_shares)
    width_factor: Factor | None = argument(_check_shares)
    fill_mode: FillMode = choice(*FILL_MODES, default="reflect")
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    seed: int | None = random_seed(default=None)
    fill_value: float = number(default=0.0)
    data_format: DataFormat | None = image_format(default=None)

    def draw_share(self, x: Value, factor: Factor | None) -> Value:
        """Return a random share of the images' size."""
        return self.draw_for(x, check_range(self._where, "factor", factor, -1, 1))


class RandomTranslation(Sizing):
    """While training, moves each image by a share of its size: down and to the right where it is positive."""

    width_factor: Factor = argument(_check_shares)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        down = self.draw_share(x, self.height_factor) * float(height)
        across = self.draw_share(x, self.width_factor) * float(width)
        return 1.0, 0.0, -across, 0.0, 1.0, -down


class RandomZoom(Sizing):
    """While training, shrinks each image where the factor is positive, and enlarges it where it is negative."""

    width_factor: Factor | None = argument(_check_shares, default=None)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        down = self.draw_share(x, self.height_factor) + 1.0
        across = down if self.width_factor is None else self.draw_share(x, self.width_factor) + 1.0
        shifts = (1.0 - across) * ((width - 1) / 2), (1.0 - down) * ((height - 1) / 2)
        return across, 0.0, shifts[0], 0.0, down, shifts[1]
