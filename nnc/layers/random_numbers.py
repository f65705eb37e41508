"""Random numbers inside a layer's graph: pure functions of the random key, a stream and the element's position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import pi
from typing import Any

from nnc.checks import is_number, is_whole, plain_number
from nnc.errors import ModelError
from nnc.ir import Shape, Value
from nnc.ir.ops import (
    argmax,
    cast,
    cos,
    equal,
    log,
    logical_and,
    logical_or,
    one_hot,
    random_uniform,
    reshape,
    sigmoid,
    sqrt,
    sum,
    where,
)
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.random import KEY_TYPE
from nnc.ir.ops.sizes import Iota
from nnc.layers.batch import known_batch_size
from nnc.layers.lowering import RANDOM

_CANDIDATES = 8
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
    drawn = len([node for node in x.graph.nodes if node.op.name == "random_uniform"])
    stream = drawn + _STREAMS_PER_SEED * (seed or 0)
    repeated = _REPEATED.get()
    return random_uniform(random_key(x), shape, stream if repeated is None else repeated.next(stream), x.dtype)


@dataclass
class Draws:
    """The draws of a block, which `repeating` draws once more.

    Args:
        streams: the streams that were drawn from, in order.
    """

    streams: list[int] = field(default_factory=list)
    position: int = 0

    def next(self, stream: int) -> int:
        """Return the stream of the next draw: the one before, or that given where there were fewer draws."""
        if self.position == len(self.streams):
            self.streams.append(stream)
        self.position += 1
        return self.streams[self.position - 1]


@contextmanager
def repeating(draws: Draws) -> Iterator[None]:
    """Let draws inside the block be those of the block before that was given the same `draws`."""
    draws.position = 0
    token = _REPEATED.set(draws)
    try:
        yield
    finally:
        _REPEATED.reset(token)


_REPEATED: ContextVar[Draws | None] = ContextVar("repeated", default=None)


def draw_normal(x: Value, shape: Shape, seed: int | None = None) -> Value:
    """Return normal numbers of mean 0 and variance 1, as `draw_uniform` does.

    G. E. P. Box, M. E. Muller: A note on the generation of random normal deviates, Annals of Mathematical
    Statistics 29 (1958).
    """
    radius, angle = draw_uniform(x, shape, seed), draw_uniform(x, shape, seed)
    return sqrt(log(1.0 - radius) * -2.0) * cos(angle * (2.0 * pi))


def draw_log_gamma(x: Value, shape: Shape, alpha: Any, seed: int | None = None) -> Value:
    """Return logarithms of gamma-distributed numbers of scale 1, as `draw_uniform` does.

    Each is the first of eight candidates that is accepted; that none is happens less than once in 10^10 draws.
    G. Marsaglia, W. W. Tsang: A simple method for generating gamma variables, ACM Transactions on Mathematical
    Software 26 (2000), with their way to shapes below 1, in logarithms, which small shapes do not underflow.

    Args:
        x: see `draw_uniform`.
        shape: likewise.
        alpha: the shape of the distribution, a positive number or a scalar of the graph.
        seed: see `draw_uniform`.
    """
    parameter: Value = x.graph.as_value(alpha, like=x)
    candidates = (*shape, _CANDIDATES)
    normal = draw_normal(x, candidates, seed)
    scale = parameter + 2.0 / 3.0
    base = 1.0 + normal / sqrt(scale * 9.0)
    cube = where(base > 0.0, base * base * base, 1.0)
    bound = normal * normal * 0.5 + scale * (1.0 - cube + log(cube))
    is_accepted = logical_and(base > 0.0, log(1.0 - draw_uniform(x, candidates, seed)) < bound)
    chosen = one_hot(argmax(cast(is_accepted, x.dtype), -1), _CANDIDATES, x.dtype)
    return log(scale * sum(cube * chosen, -1)) + log(1.0 - draw_uniform(x, shape, seed)) / parameter


def draw_beta(x: Value, shape: Shape, alpha: Any, seed: int | None = None) -> Value:
    """Return numbers of the beta distribution with both parameters `alpha`, as `draw_log_gamma` does."""
    first, second = (draw_log_gamma(x, shape, alpha, seed) for _ in range(2))
    return sigmoid(first - second)


def draw_order(x: Value, seed: int | None = None) -> Value:
    """Return the numbers of x's rows in random order, as int32: the ranks of random numbers."""
    rows = x.shape[0]
    drawn = draw_uniform(x, (rows,), seed)
    number = x.graph.add(Iota(rows, x.dtype))[0]
    own, own_number = (reshape(item, (rows, 1)) for item in (drawn, number))
    is_before = logical_or(drawn < own, logical_and(equal(drawn, own), number < own_number))
    return cast(sum(cast(is_before, x.dtype), 1), "int32")


def draw_kept(x: Value, shape: Shape, rate: float, seed: int | None = None) -> Value:
    """Return 0 for a share of the elements, otherwise 1, as `draw_uniform` does."""
    return apply(GreaterEqual(dtype=x.dtype), draw_uniform(x, shape, seed), rate)


def check_noise_shape(where: str, key: str, value: Any) -> tuple[int | None, ...]:
    """Return the shape that random numbers are drawn in, with None where an axis has its full length.

    Raises:
        ModelError: it is not a list of positive integers and None.
    """
    start = f"{where}: Invalid value received for argument `{key}`. Expected"
    if not isinstance(value, list | tuple):
        raise ModelError(f"{start} a tuple or list of integers, got {value!r}")
    if not all(dim is None or is_whole(dim) for dim in value):
        raise ModelError(f"{start} all elements to be integers or None, got {value!r}")
    if not all(dim is None or dim > 0 for dim in value):
        raise ModelError(f"{start} all dimensions to be positive integers or None, got {value!r}")
    return tuple(value)


def check_rate(where: str, key: str, value: Any) -> Any:
    """Return a share of elements, from 0 to 1.

    Raises:
        ModelError: it is none.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise ModelError(
            f"{where}: Invalid value received for argument `{key}`. Expected a float value between 0 and 1, got "
            f"{value!r}"
        )
    return plain_number(value)


def full_noise_shape(x: Value, noise_shape: Sequence[int | None] | None) -> Shape:
    """Return a noise shape with x's lengths instead of None.

    Raises:
        ModelError: x has another number of dimensions.
    """
    if noise_shape is None:
        return x.shape
    if len(noise_shape) != x.rank:
        raise ModelError(f"noise_shape {tuple(noise_shape)} does not fit an input of type {x.type}")
    rows = known_batch_size()
    known = (x.shape[0] if rows is not None and noise_shape[0] == rows else noise_shape[0], *noise_shape[1:])
    return tuple(dim if given is None else given for given, dim in zip(known, x.shape, strict=True))
