"""Functions of `keras.random` as functions of graphs; a graph draws from its own stream, which is not Keras's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nnc import ops
from nnc.ir import Graph, Shape, Value
from nnc.layers.random_numbers import draw_normal, draw_uniform
from nnc.ops.comparison import GreaterEqual
from nnc.ops.elementwise import apply


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


DRAWS: Mapping[str, Callable[..., Value]] = MappingProxyType(
    {item.__name__: item for item in (categorical, dropout, normal, randint, uniform)}
)
"""The functions by Keras's names."""
