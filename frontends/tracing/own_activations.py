"""Activations of Keras's that are operations of their own, written in `keras.ops`."""

from __future__ import annotations

from typing import Any


def relu(ops: Any, operation: Any, x: Any) -> Any:
    """Return ``max(x, 0)``, or what slope, largest value and threshold make of it."""
    slope, highest, threshold = operation.negative_slope, operation.max_value, operation.threshold
    if slope and highest is None and not threshold:
        return ops.leaky_relu(x, negative_slope=slope)
    kept = ops.where(x > threshold, x, ops.zeros_like(x)) if threshold else ops.relu(x)
    kept = kept if highest is None else ops.relu6(x) if highest == 6 and not threshold else ops.clip(kept, 0.0, highest)
    return kept - slope * ops.relu(threshold - x) if slope else kept


def mish(ops: Any, operation: Any, x: Any) -> Any:
    """Return ``x * tanh(softplus(x))``."""
    del operation
    return x * ops.tanh(ops.softplus(x))


ACTIVATIONS = {"Mish": mish, "ReLU": relu}
"""The functions by the names of Keras's classes."""
