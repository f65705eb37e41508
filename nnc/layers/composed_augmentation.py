"""Layers that apply some of many changes to images while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy

from nnc.arguments import choice, flag, number, positive, random_seed, whole
from nnc.choices import DataFormat, Interpolation
from nnc.ir import Value
from nnc.ir.ops import clip, equal, floor, reshape, softmax, take, where
from nnc.layers.arguments import factor_range, image_format, value_range
from nnc.layers.augmentation import BYTES, Augmentation, Factor
from nnc.layers.base import Layer
from nnc.layers.color_augmentation import (
    AutoContrast,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    Solarization,
)
from nnc.layers.geometric_augmentation import RandomRotation, RandomShear, RandomTranslation
from nnc.layers.histograms import Equalization
from nnc.layers.pixel_augmentation import RandomSharpness
from nnc.layers.random_numbers import Draws, draw_beta, draw_log_gamma, draw_uniform, repeating
from nnc.operations.warping import WAYS


def known_changes(layer: Any) -> dict[str, Layer]:
    """Return the changes that a layer has inside, of its ``factor``, by their names in Keras."""
    factor = layer.factor
    drawn: dict[str, Any] = {"seed": layer.seed, "data_format": layer.data_format}
    ranged = drawn | {"value_range": layer.value_range}
    moved = drawn | {"interpolation": layer.interpolation}
    fixed: dict[str, Any] = {"value_range": layer.value_range, "data_format": layer.data_format}
    return {
        "random_shear": RandomShear(x_factor=factor, y_factor=factor, **moved),
        "random_translation": RandomTranslation(height_factor=factor, width_factor=factor, **moved),
        "random_rotation": RandomRotation(factor=factor, **moved),
        "random_posterization": RandomPosterization(factor=max(1, int(8 * factor[1])), **ranged),
        "solarization": Solarization(addition_factor=factor, threshold_factor=factor, **ranged),
        "auto_contrast": AutoContrast(**fixed),
        "equalization": Equalization(**fixed),
        "random_brightness": RandomBrightness(factor=factor, **ranged),
        "random_color_degeneration": RandomColorDegeneration(factor=factor, **ranged),
        "random_contrast": RandomContrast(factor=factor, **ranged),
        "random_sharpness": RandomSharpness(factor=factor, **ranged),
    }


class RandAugment(Augmentation):
    """While training, changes all images of a batch in `num_ops` of eleven ways, which are drawn for each batch.

    E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le: RandAugment: practical automated data augmentation with a reduced search
    space, NeurIPS (2020).
    """

    value_range: Sequence[float] = value_range(default=BYTES)
    num_ops: int = whole(0, default=2)
    factor: Factor = factor_range(0, 1, default=0.5)
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.changes = known_changes(self)

    def augment(self, x: Value) -> Value:
        if not self.num_ops:
            return x
        chosen = floor(draw_uniform(x, (self.num_ops,), self.seed) * float(len(self.changes)))
        draws = {name: Draws() for name in self.changes}
        for position in range(self.num_ops):
            number = reshape(take(chosen, 0, position, position + 1), (1, 1, 1, 1))
            result = x
            for index, (name, change) in enumerate(self.changes.items()):
                with repeating(draws[name]):  # as in Keras, a change that is chosen twice is the same both times
                    result = where(equal(number, float(index)), change(x), result)
            x = result
        return x


class AugMix(Augmentation):
    """While training, mixes images with what chains of changes make of them.

    Which changes are in a chain is drawn from the seed and the layer's name and stays, as in a model that Keras trains;
    how strong they are, and the shares of the chains, are drawn for each batch.

    D. Hendrycks, N. Mu, E. D. Cubuk, B. Zoph, J. Gilmer, B. Lakshminarayanan: AugMix: a simple data processing method
    to improve robustness and uncertainty, ICLR (2020).
    """

    value_range: Sequence[float] = value_range(default=BYTES)
    num_chains: int = positive(default=3)
    chain_depth: int = positive(default=3)
    factor: Factor = factor_range(0, 1, default=0.3)
    alpha: float = number(above=0, default=1.0)
    all_ops: bool = flag(default=True)
    interpolation: Interpolation = choice(*WAYS, default="bilinear")
    seed: int | None = random_seed(default=None)
    data_format: DataFormat | None = image_format(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.changes = known_changes(self)

    @property
    def chains(self) -> list[list[str]]:
        """Names of the changes of each chain; there may be fewer than `chain_depth`."""
        known = list(self.changes)[: None if self.all_ops else 7]
        generator = numpy.random.default_rng([crc32(self.name.encode()), abs(self.seed or 0)])
        drawn = generator.integers(0, len(known) + 1, (self.num_chains, self.chain_depth))
        return [[known[number] for number in chain if number < len(known)] for chain in drawn]

    def augment(self, x: Value) -> Value:
        shares = softmax(draw_log_gamma(x, (self.num_chains,), self.alpha, self.seed))
        own = draw_beta(x, (), self.alpha, self.seed)
        mixed: Any = 0.0
        for position, chain in enumerate(self.chains):
            changed = x
            for name in chain:
                changed = self.changes[name](changed)
            mixed = changed * reshape(take(shares, 0, position, position + 1), ()) + mixed
        return clip(own * x + (1.0 - own) * mixed, *self.value_range)
