"""Layers that apply some of many changes to images while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack
from zlib import crc32

import numpy

from nnc.checks import check_number, check_positive
from nnc.choices import DataFormat, Interpolation
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.augmentation import BYTES, Augmentation, Factor, Pair
from nnc.layers.base import Layer
from nnc.layers.color_augmentation import (
    AutoContrast,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    Solarization,
)
from nnc.layers.drawing import Draws, draw_beta, draw_log_gamma, draw_uniform, repeating
from nnc.layers.geometric_augmentation import RandomRotation, RandomShear, RandomTranslation
from nnc.layers.histograms import Equalization
from nnc.layers.options import AugmentationOptions, ImageOptions
from nnc.layers.pixel_augmentation import RandomSharpness
from nnc.layers.warping import WAYS
from nnc.ops import clip, equal, floor, reshape, softmax, take, where


class Composed(Augmentation):
    """Base of layers that have others, of the strength `factor`, inside."""

    bounds: ClassVar[Mapping[str, Pair]] = {"factor": (0, 1)}
    interpolation: str

    def __init__(self, arguments: Mapping[str, Any], **options: Unpack[AugmentationOptions]) -> None:
        super().__init__(arguments, **options)
        factor = self.factor
        drawn: dict[str, Any] = {"seed": self.seed, "data_format": self.data_format}
        ranged = drawn | {"value_range": self.value_range}
        moved = drawn | {"interpolation": self.interpolation}
        fixed: dict[str, Any] = {"value_range": self.value_range, "data_format": self.data_format}
        bits = max(1, int(8 * factor[1]))
        self.changes: dict[str, Layer] = {
            "random_shear": RandomShear(x_factor=factor, y_factor=factor, **moved),
            "random_translation": RandomTranslation(height_factor=factor, width_factor=factor, **moved),
            "random_rotation": RandomRotation(factor=factor, **moved),
            "random_posterization": RandomPosterization(factor=bits, **ranged),
            "solarization": Solarization(addition_factor=factor, threshold_factor=factor, **ranged),
            "auto_contrast": AutoContrast(**fixed),
            "equalization": Equalization(**fixed),
            "random_brightness": RandomBrightness(factor=factor, **ranged),
            "random_color_degeneration": RandomColorDegeneration(factor=factor, **ranged),
            "random_contrast": RandomContrast(factor=factor, **ranged),
            "random_sharpness": RandomSharpness(factor=factor, **ranged),
        }

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name in ("num_chains", "chain_depth", "num_ops"):
            return check_positive(where, name, value)
        if name == "alpha" and not check_number(where, name, value, low=0):
            raise ModelError(f"{where}: alpha must be a positive number, got {value!r}")
        if name == "interpolation" and value not in WAYS:
            raise ModelError(f"{where}: interpolation must be one of {', '.join(WAYS)}, got {value!r}")
        return super()._checked_argument(where, name, value)


class RandAugment(Composed):
    """While training, changes all images of a batch in `num_ops` of eleven ways, which are drawn for each batch.

    E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le: RandAugment: practical automated data augmentation with a reduced search
    space, NeurIPS (2020).
    """

    config_keys = ("value_range", "num_ops", "factor", "interpolation", "seed")
    num_ops: int

    def __init__(
        self,
        value_range: Sequence[float] = BYTES,
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "value_range": value_range,
            "num_ops": num_ops,
            "factor": factor,
            "interpolation": interpolation,
            "seed": seed,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def augment(self, x: Value) -> Value:
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


class AugMix(Composed):
    """While training, mixes images with what chains of changes make of them.

    Which changes are in a chain is drawn from the seed and the layer's name and stays, as in a model that Keras trains;
    how strong they are, and the shares of the chains, are drawn for each batch.

    D. Hendrycks, N. Mu, E. D. Cubuk, B. Zoph, J. Gilmer, B. Lakshminarayanan: AugMix: a simple data processing method
    to improve robustness and uncertainty, ICLR (2020).
    """

    config_keys = ("value_range", "num_chains", "chain_depth", "factor", "alpha", "all_ops", "interpolation", "seed")
    num_chains: int
    chain_depth: int
    alpha: float
    all_ops: bool

    def __init__(
        self,
        value_range: Sequence[float] = BYTES,
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "value_range": value_range,
            "num_chains": num_chains,
            "chain_depth": chain_depth,
            "factor": factor,
            "alpha": alpha,
            "all_ops": all_ops,
            "interpolation": interpolation,
            "seed": seed,
        }
        super().__init__(arguments, data_format=data_format, **options)

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
