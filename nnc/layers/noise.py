"""Layers that add noise while training; when predicting, whole numbers pass them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from nnc.activations.rectifiers import SELU_ALPHA, SELU_SCALE
from nnc.arguments import argument, number, random_seed
from nnc.ir import Value
from nnc.layers.declared import KerasLayer
from nnc.layers.random_numbers import check_noise_shape, check_rate, draw_kept, draw_normal, full_noise_shape


class GaussianNoise(KerasLayer):
    """While training, adds normal numbers.

    Args:
        stddev: their standard deviation, from 0 to 1.
        seed: tells this layer's random stream from others.
    """

    noted_arguments = ("stddev {stddev}",)
    supports_masking = True
    keeps_integers = True

    stddev: float = number(0, 1)
    seed: int | None = random_seed(default=None)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.stddev == 0:
            return x
        x = self.as_floating(x)
        return x + draw_normal(x, x.shape, self.seed) * self.stddev


class GaussianDropout(KerasLayer):
    """While training, multiplies by normal numbers of mean 1 and the variance that dropout has.

    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Args:
        rate: the standard deviation is √(rate / (1 - rate)).
        seed: tells this layer's random stream from others.
    """

    noted_arguments = ("rate {rate}",)
    supports_masking = True
    keeps_integers = True

    rate: float = argument(check_rate)
    seed: int | None = random_seed(default=None)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        x = self.as_floating(x)
        deviation = sqrt(self.rate / (1.0 - self.rate)) if self.rate < 1 else float("inf")
        return x * (draw_normal(x, x.shape, self.seed) * deviation + 1.0)


class AlphaDropout(KerasLayer):
    """While training, sets a share of the elements to SELU's limit and keeps mean and variance.

    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter: Self-normalizing neural networks, 2017,
    https://arxiv.org/abs/1706.02515

    Args:
        rate: share of elements.
        noise_shape: shape of the mask, with None or the full length where elements are chosen one by one.
        seed: tells this layer's random stream from others.
    """

    noted_arguments = ("rate {rate}",)
    supports_masking = True
    keeps_integers = True

    rate: float = argument(check_rate)
    noise_shape: Sequence[int | None] | None = argument(check_noise_shape, default=None)
    seed: int | None = random_seed(default=None)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        x = self.as_floating(x)
        limit = -SELU_ALPHA * SELU_SCALE
        kept = draw_kept(x, full_noise_shape(x, self.noise_shape), self.rate, self.seed)
        scale = ((1.0 - self.rate) * (1.0 + self.rate * limit**2)) ** -0.5 if self.rate < 1 else float("inf")
        return (x * kept + (1.0 - kept) * limit) * scale - scale * limit * self.rate
