"""Layers that bend images at random while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.arguments import choice, number, random_seed
from nnc.choices import DataFormat, FillMode, Interpolation
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import clip, exp, floor, matmul, maximum, reshape, sum, take, transpose, where
from nnc.layers.arguments import factor_range, image_format, value_range
from nnc.layers.augmentation import BYTES, Augmentation, Factor, limits
from nnc.layers.random_numbers import draw_normal, draw_uniform
from nnc.operations.data_formats import CHANNELS_FIRST, known_sizes
from nnc.operations.warping import BENDS, WAYS, bend, warp


class Bending(Augmentation):
    """Base of layers that bend a share of the images."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.factor: Factor

    def chosen(self, x: Value) -> Value:
        """Return which images are bent, of shape (batch, 1, 1, 1)."""
        probability = self.draw(x, self.factor)
        return self.draw(x) < probability


class RandomPerspective(Bending):
    """While training, some images are seen from elsewhere: corners but the first move by shares of their places."""

    factor: Factor = factor_range(0, 1, default=1.0)
    scale: float = number(0, 1, default=1.0)
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    fill_value: float = number(default=0.0)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        chosen = self.chosen(x)
        shares = (draw_uniform(x, (x.shape[0], 4, 2), self.seed) - 0.5) * float(self.scale)
        return where(chosen, self.seen(x, shares), x)

    def seen(self, x: Value, shares: Value) -> Value:
        """Return images whose corners are moved.

        Args:
            x: images.
            shares: of their coordinates, by which the corners top left, top right, bottom left and bottom right move
                across and down; of shape (batch, 4, 2).
        """
        matrix = homography(shares, *known_sizes(x, self.data_format))
        return warp(x, matrix, self.interpolation, "constant", float(self.fill_value), self.data_format)


def homography(shares: Value, height: int, width: int) -> Sequence[Value | float]:
    """Return the eight numbers for `warp` that take the moved corners to where they were.

    P. S. Heckbert: Fundamentals of texture mapping and image warping, Berkeley (1989), section 2.2.3: the unit square
    is taken to the corners by a matrix, of which this is the inverse.

    Args:
        shares: see `RandomPerspective.seen`.
        height: of the images.
        width: likewise.

    Raises:
        ModelError: an image has a single row or column.
    """
    if height < 2 or width < 2:
        raise ModelError(f"images must have at least two rows and columns, got {height} by {width}")
    batch = shares.shape[0]
    right, bottom = float(width - 1), float(height - 1)

    def moved(corner: int, axis: int, length: float) -> Value:
        share = take(take(shares, 1, corner, corner + 1), 2, axis, axis + 1)
        return reshape(share, (batch, 1, 1)) * length + length

    x1, x3, y2, y3 = moved(1, 0, right), moved(3, 0, right), moved(2, 1, bottom), moved(3, 1, bottom)
    # the corner at the origin stays, and so does what lies on its row or column there: y1 = x2 = 0
    over_x, over_y = x3 - x1, y3 - y2
    determinant = (x1 - x3) * (y2 - y3) - x3 * y3
    g = (over_x * (y2 - y3) + x3 * over_y) / determinant
    h = ((x1 - x3) * over_y + over_x * y3) / determinant
    a, e = x1 + g * x1, y2 + h * y2
    return right / a, 0.0, 0.0, 0.0, bottom / e, 0.0, -g / a, -h / e


class RandomElasticTransform(Bending):
    """While training, pushes the pixels of some images about, smoothly.

    As in Keras, they move as far down as to the right: one field of random numbers serves for both.

    P. Y. Simard, D. Steinkraus, J. C. Platt: Best practices for convolutional neural networks applied to visual
    document analysis, ICDAR (2003).
    """

    factor: Factor = factor_range(0, 1, default=1.0)
    scale: Factor = factor_range(0, 1, default=1.0)
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    fill_mode: FillMode = choice(*BENDS, default="reflect")
    fill_value: float = number(default=0.0)
    value_range: Sequence[float] = value_range(default=BYTES)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        low, high = limits(self.scale)
        if not high or not limits(self.factor)[1]:
            return x
        chosen = self.chosen(x)
        strength = draw_uniform(x, (), self.seed) * (high - low) + float(low)
        noise = draw_normal(x, (x.shape[0], *known_sizes(x, self.data_format)), self.seed)
        return clip(where(chosen, self.pushed(x, noise, strength), x), *self.value_range)

    def pushed(self, x: Value, noise: Value, strength: Value) -> Value:
        """Return images whose pixels are read elsewhere.

        Args:
            x: images.
            noise: normal random numbers, of shape (batch, height, width).
            strength: how far and how smoothly pixels move, a scalar from 0 to 1.
        """
        height, width = sizes = known_sizes(x, self.data_format)
        deviation = maximum(strength * (0.05 * min(sizes)), 1e-6)
        rows, columns = (_smoothing(deviation, length) for length in sizes)
        field = matmul(matmul(rows, noise * deviation), columns) * (strength * (0.1 * max(sizes)))
        images = transpose(x, (0, 2, 3, 1)) if self.data_format == CHANNELS_FIRST else x
        across = x.graph.constant(numpy.arange(width).reshape(1, 1, -1), x.dtype) + field
        down = x.graph.constant(numpy.arange(height).reshape(1, -1, 1), x.dtype) + field
        bent = bend(images, across, down, self.interpolation, self.fill_mode, float(self.fill_value))
        return transpose(bent, (0, 3, 1, 2)) if self.data_format == CHANNELS_FIRST else bent


def _smoothing(deviation: Value, length: int) -> Value:
    """Return the symmetric matrix that smooths a vector by a Gaussian kernel, which ends at three deviations."""
    graph, dtype = deviation.graph, deviation.dtype
    places = numpy.arange(length)
    reach = floor(deviation) * 3.0

    def weights(distances: Any) -> Value:
        steps = graph.constant(distances, dtype)
        scaled = steps / deviation
        return where(graph.constant(numpy.abs(distances), dtype) <= reach, exp(scaled * scaled * -0.5), 0.0)

    total = sum(weights(numpy.arange(-length, length + 1)))
    return weights(places[:, None] - places[None, :]) / total
