"""Activations that pull x towards 0."""

from __future__ import annotations

from nnc.activations.tensors import on_tensors
from nnc.ir import Value, ops


@on_tensors
def soft_shrink(x: Value, threshold: float = 0.5) -> Value:
    """Return x moved by `threshold` towards 0, and 0 where |x| is at most the threshold.

    https://keras.io/api/layers/activations/#softshrink-function
    """
    return x - ops.clip(x, -threshold, threshold)


@on_tensors
def hard_shrink(x: Value, threshold: float = 0.5) -> Value:
    """Return x where |x| is above the threshold, otherwise 0.

    https://keras.io/api/layers/activations/#hardshrink-function
    """
    return ops.where(ops.absolute(x) > threshold, x, 0.0)


@on_tensors
def tanh_shrink(x: Value) -> Value:
    """Return ``x - tanh(x)``.

    https://keras.io/api/layers/activations/#tanhshrink-function
    """
    return x - ops.tanh(x)
