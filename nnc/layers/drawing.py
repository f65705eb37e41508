"""Random numbers inside a layer's graph: pure functions of the random key, a stream and the element's position."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Shape, Value
from nnc.layers.lowering import RANDOM
from nnc.ops import cos, log, random_uniform, sqrt
from nnc.ops.comparison import GreaterEqual
from nnc.ops.elementwise import apply
from nnc.ops.random import KEY_TYPE

_STREAMS_PER_SEED = 1000003
"""A prime, so that a layer's seed and the number of its draw together give a stream of its own."""


def random_key(value: Value) -> Value:
    """Return the random key of a value's graph."""
    return value.graph.state(RANDOM, KEY_TYPE, "random")


def draw_uniform(x: Value, shape: Shape, seed: int | None = None) -> Value:
    """Return numbers of [0, 1) in x's graph and element type; every draw of a graph is another.

    Args:
        x: a floating-point value of the graph.
        shape: shape of the result.
        seed: tells the layer's numbers from those of others.
    """
    drawn = sum(node.op.name == "random_uniform" for node in x.graph.nodes)
    return random_uniform(random_key(x), shape, drawn + _STREAMS_PER_SEED * (seed or 0), x.dtype)


def draw_normal(x: Value, shape: Shape, seed: int | None = None) -> Value:
    """Return normal numbers of mean 0 and variance 1, as `draw_uniform` does.

    G. E. P. Box, M. E. Muller: A note on the generation of random normal deviates, Annals of Mathematical
    Statistics 29 (1958).
    """
    radius, angle = draw_uniform(x, shape, seed), draw_uniform(x, shape, seed)
    return sqrt(log(1.0 - radius) * -2.0) * cos(angle * (2.0 * pi))


def draw_kept(x: Value, shape: Shape, rate: float, seed: int | None = None) -> Value:
    """Return 0 for a share of the elements, otherwise 1, as `draw_uniform` does."""
    return apply(GreaterEqual(dtype=x.dtype), draw_uniform(x, shape, seed), rate)


def check_seed(where: str, seed: Any) -> int | None:
    """Return a seed.

    Raises:
        ModelError: it is neither an integer nor None.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ModelError(f"{where}: seed must be an integer or None, got {seed!r}")
    return seed


def check_noise_shape(where: str, noise_shape: Any) -> tuple[int | None, ...] | None:
    """Return the shape that random numbers are drawn in, with None where an axis has its full length.

    Raises:
        ModelError: it is no list of integers and None.
    """
    if noise_shape is not None and not (
        isinstance(noise_shape, list | tuple)
        and all(dim is None or (isinstance(dim, int) and not isinstance(dim, bool)) for dim in noise_shape)
    ):
        raise ModelError(f"{where}: noise_shape must be a list of integers and None, got {noise_shape!r}")
    return None if noise_shape is None else tuple(noise_shape)


def full_noise_shape(x: Value, noise_shape: Sequence[int | None] | None) -> Shape:
    """Return a noise shape with x's lengths in the place of None.

    Raises:
        ModelError: x has another number of dimensions.
    """
    if noise_shape is None:
        return x.shape
    if len(noise_shape) != x.rank:
        raise ModelError(f"noise_shape {tuple(noise_shape)} does not fit an input of type {x.type}")
    return tuple(dim if given is None else given for given, dim in zip(noise_shape, x.shape, strict=True))
