"""Layers that mix each image with another one of its batch, and their labels in the same shares, while training."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.arguments import number, random_seed
from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.ir.ops import cast, gather, logical_and, reshape, sqrt, where
from nnc.layers.arguments import factor_range, image_format
from nnc.layers.augmentation import Augmentation, Factor, limits
from nnc.layers.random_numbers import draw_beta, draw_order, draw_uniform
from nnc.operations.data_formats import known_sizes, spatial_axes


def mix(x: Value, order: Value, share: Value) -> Value:
    """Return rows of which each is mixed with another.

    Args:
        x: rows, of shape (batch, …).
        order: numbers of the rows to mix with, of shape (batch,).
        share: what each row keeps of itself, from 0 to 1, of shape (batch,).
    """
    numbers = x if x.type.is_floating else cast(x, share.dtype)
    shares = reshape(cast(share, numbers.dtype), (share.shape[0], *[1] * (x.rank - 1)))
    return shares * numbers + (1.0 - shares) * gather(numbers, order)


class MixUp(Augmentation):
    """While training, mixes each image and its label with those of another, in shares of the beta distribution.

    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz: mixup: beyond empirical risk minimization, ICLR (2018).
    """

    keeps_integers_of_arrays = True

    alpha: float = number(0, default=0.2)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)

    def augment(self, x: Value) -> Value:
        return self.augment_with_labels(x, None)[0]

    def augment_with_labels(self, x: Value, labels: Value | None) -> tuple[Value, Value | None]:
        order = draw_order(x, self.seed)
        share = draw_beta(x, (x.shape[0],), max(float(self.alpha), 1e-6), self.seed)
        return mix(x, order, share), None if labels is None else mix(labels, order, share)


class CutMix(Augmentation):
    """While training, puts a rectangle of another image into each, and mixes the labels in the shares of the areas.

    S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo: CutMix: regularization strategy to train strong classifiers
    with localizable features, ICCV (2019).
    """

    factor: Factor = factor_range(0, 1, default=1.0)
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def augment(self, x: Value) -> Value:
        return self.augment_with_labels(x, None)[0]

    def augment_with_labels(self, x: Value, labels: Value | None) -> tuple[Value, Value | None]:
        low, high = limits(self.factor)
        sizes, batch = known_sizes(x, self.data_format), x.shape[0]
        alpha = draw_uniform(x, (), self.seed) * (high - low) + (low + 1e-6)
        edge = sqrt(1.0 - draw_beta(x, (batch, 1, 1, 1), alpha, self.seed))
        inside: Any = None
        area: Any = 1.0
        for axis, length in list(zip(spatial_axes(self.data_format, 2), sizes, strict=True))[::-1]:
            extent = edge * float(length)
            start = self.draw(x) * (float(length) - extent)
            end = start + extent
            places = x.graph.constant(
                numpy.arange(length).reshape([-1 if at == axis else 1 for at in range(4)]), x.dtype
            )
            within = logical_and(places >= start, places < end)
            inside = within if inside is None else logical_and(inside, within)
            area = (end - start) * area
        order = draw_order(x, self.seed)
        images = where(inside, gather(x, order), x)
        if labels is None:
            return images, None
        return images, mix(labels, order, reshape(1.0 - area / float(sizes[0] * sizes[1]), (batch,)))
