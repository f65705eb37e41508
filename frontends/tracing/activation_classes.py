"""Activations of Keras's that are classes of their own, written in `keras.ops`."""

from __future__ import annotations

from typing import Any

from frontends.tracing.recording import Recorder


def relu(
    recorder: Recorder, x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """Return ``max(x, 0)``, or what slope, largest value and threshold make of it."""
    ops = recorder.keras.ops
    if negative_slope and max_value is None and not threshold:
        return ops.leaky_relu(x, negative_slope=negative_slope)
    kept = ops.where(x > threshold, x, ops.zeros_like(x)) if threshold else ops.relu(x)
    if max_value is not None:
        kept = ops.relu6(x) if max_value == 6 and not threshold else ops.clip(kept, 0.0, max_value)
    return kept - negative_slope * ops.relu(threshold - x) if negative_slope else kept


def mish(recorder: Recorder, x: Any) -> Any:
    """Return ``x * tanh(softplus(x))``."""
    return x * recorder.keras.ops.tanh(recorder.keras.ops.softplus(x))


ACTIVATIONS = {"Mish": mish, "ReLU": relu}
"""The functions by the names of Keras's classes."""
