"""Layers that do something only while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.checks import check_number
from nnc.layers.lowering import RANDOM
from nnc.ops import random_uniform
from nnc.ops.comparison import GreaterEqual
from nnc.ops.elementwise import apply
from nnc.ops.random import KEY_TYPE


def random_key(value: Value) -> Value:
    """Return the random key of a value's graph."""
    return value.graph.state(RANDOM, KEY_TYPE, "random")


class Dropout(Layer):
    """While training, sets a share of the elements to 0 and scales the others so that the mean stays.

    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Args:
        rate: share of elements set to 0, from 0 to below 1.
        noise_shape: shape of the mask, with None or the full length where elements are dropped one by one.
        seed: tells this layer's random stream from others.
        options: arguments of `Layer`.
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise ModelError(f"Dropout: seed must be an integer or None, got {seed!r}")
        if noise_shape is not None and not (
            isinstance(noise_shape, list | tuple)
            and all(dim is None or (isinstance(dim, int) and not isinstance(dim, bool)) for dim in noise_shape)
        ):
            raise ModelError(f"Dropout: noise_shape must be a list of integers and None, got {noise_shape!r}")
        self.rate = check_number("Dropout", "rate", rate, high=1)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0.0
        shape = x.shape
        if self.noise_shape is not None:
            if len(self.noise_shape) != x.rank:
                raise ModelError(f"noise_shape {self.noise_shape} does not fit an input of type {x.type}")
            pairs = zip(self.noise_shape, x.shape, strict=True)
            shape = tuple(dim if given is None else given for given, dim in pairs)
        stream = sum(node.op.name == "random_uniform" for node in x.graph.nodes) + 1000003 * (self.seed or 0)
        uniform = random_uniform(random_key(x), shape, stream, x.dtype)
        keep = apply(GreaterEqual(dtype=x.dtype), uniform, self.rate)
        return x * keep * (1.0 / (1.0 - self.rate))

    @property
    def summary_note(self) -> str:
        return f"rate {self.rate:g}"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": None if self.noise_shape is None else list(self.noise_shape),
        }
