"""Functions of `keras.random` as functions of graphs; a graph draws from its own stream, which is not Keras's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc.ir import Graph, Shape, Value, ops
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.layers.random_numbers import draw_log_gamma, draw_normal, draw_order, draw_uniform


def uniform(graph: Graph, shape: Shape, minval: float = 0.0, maxval: float = 1.0, dtype: str = "float32") -> Value:
    """Return numbers of [minval, maxval)."""
    return draw_uniform(graph.constant(0.0, dtype), shape) * (maxval - minval) + minval


def normal(graph: Graph, shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: str = "float32") -> Value:
    """Return normal numbers."""
    return draw_normal(graph.constant(0.0, dtype), shape) * stddev + mean


def randint(graph: Graph, shape: Shape, minval: int, maxval: int, dtype: str = "int32") -> Value:
    """Return whole numbers from minval up to, and without, maxval."""
    return ops.cast(ops.floor(uniform(graph, shape, minval, maxval, "float64")), dtype)


def categorical(graph: Graph, logits: Value, num_samples: int, dtype: str = "int32") -> Value:
    """Return classes by logits: the largest of them with Gumbel noise added (Gumbel, 1954)."""
    del graph
    shape = (*logits.shape[:-1], num_samples, logits.shape[-1])
    noise = -ops.log(-ops.log(draw_uniform(logits, shape)))
    scores = ops.reshape(logits, (*logits.shape[:-1], 1, logits.shape[-1])) + noise
    return ops.cast(ops.argmax(scores, -1), dtype or "int32")


def dropout(graph: Graph, inputs: Value, rate: float, noise_shape: Any = None) -> Value:
    """Return the inputs with a share of them 0 and the others scaled up."""
    del graph
    if not 0.0 < rate < 1.0:
        return inputs if rate <= 0.0 else inputs * 0.0
    shape = inputs.shape if noise_shape is None else tuple(noise_shape)
    kept = apply(GreaterEqual(dtype=inputs.dtype), draw_uniform(inputs, shape), rate)
    return inputs * kept * (1.0 / (1.0 - rate))


def truncated_normal(
    graph: Graph, shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: str = "float32"
) -> Value:
    """Return normal numbers within two standard deviations, by the inverse of the distribution's function."""
    share = math.erf(math.sqrt(2.0))
    drawn = draw_uniform(graph.constant(0.0, dtype), shape) * (2.0 * share) - share
    return ops.erfinv(drawn) * (math.sqrt(2.0) * stddev) + mean


def gamma(graph: Graph, shape: Shape, alpha: float, dtype: str = "float32") -> Value:
    """Return numbers of the gamma distribution with a parameter `alpha` and scale 1."""
    return ops.exp(draw_log_gamma(graph.constant(0.0, dtype), shape, alpha))


def beta(graph: Graph, shape: Shape, alpha: float, beta: float, dtype: str = "float32") -> Value:
    """Return numbers of the beta distribution, from two of the gamma distribution."""
    first, second = (draw_log_gamma(graph.constant(0.0, dtype), shape, item) for item in (alpha, beta))
    return ops.sigmoid(first - second)


def shuffle(graph: Graph, x: Value, axis: int = 0) -> Value:
    """Return x with what lies along an axis in random order."""
    del graph
    axes = (axis % x.rank, *(other for other in range(x.rank) if other != axis % x.rank))
    rows = ops.transpose(x, axes)
    numbers = rows if rows.type.is_floating else ops.cast(rows, "float32")
    found = ops.gather(rows, draw_order(numbers))
    return ops.transpose(found, [axes.index(place) for place in range(x.rank)])


DRAWS: Mapping[str, Callable[..., Value]] = MappingProxyType(
    {
        item.__name__: item
        for item in (beta, categorical, dropout, gamma, normal, randint, shuffle, truncated_normal, uniform)
    }
)
"""The functions by Keras's names."""
