"""Smooth ramps, the exponential, and the straight line."""

from __future__ import annotations

from nnc.activations.tensors import on_tensors
from nnc.ir import Value, ops


@on_tensors
def linear(x: Value) -> Value:
    """Return x.

    https://keras.io/api/layers/activations/#linear-function
    """
    return x


@on_tensors
def exponential(x: Value) -> Value:
    """Return ``exp(x)``.

    https://keras.io/api/layers/activations/#exponential-function
    """
    return ops.exp(x)


@on_tensors
def softplus(x: Value) -> Value:
    """Return ``log(1 + exp(x))``.

    https://keras.io/api/layers/activations/#softplus-function
    """
    return ops.softplus(x)


@on_tensors
def squareplus(x: Value, b: float = 4) -> Value:
    """Return ``(x + √(x² + b)) / 2``.

    J. T. Barron: Squareplus: a softplus-like algebraic rectifier, 2021, https://arxiv.org/abs/2112.11687
    """
    return (x + ops.sqrt(ops.square(x) + b)) * 0.5


@on_tensors
def sparse_plus(x: Value) -> Value:
    """Return 0 below -1, x above 1, and ``(x + 1)² / 4`` between.

    https://keras.io/api/layers/activations/#sparseplus-function
    """
    # The clip keeps the square, computed for every x, from overflowing.
    bend = ops.square(ops.clip(x, -1.0, 1.0) + 1.0) * 0.25
    return ops.where(x < 1.0, bend, x)
