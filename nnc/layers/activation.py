"""Activations that are layers of their own."""

from __future__ import annotations

from typing import Any

from nnc import activations
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.checks import check_number


class ReLU(Layer):
    """max(x, 0), optionally limited above and with a slope below.

    Args:
        max_value: upper limit, or None.
        negative_slope: slope below the threshold.
        threshold: below it the negative slope holds.
        options: arguments of `Layer`.
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else check_number("ReLU", "max_value", max_value)
        self.negative_slope = check_number("ReLU", "negative_slope", negative_slope or 0.0)
        self.threshold = check_number("ReLU", "threshold", threshold or 0.0)

    supports_masking = True

    def call(self, x: Value) -> Value:
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class Softmax(Layer):
    """Softmax along an axis.

    Args:
        axis: the axis, the last by default.
        options: arguments of `Layer`.
    """

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise ModelError(f"Softmax: axis must be an integer, got {axis!r}")
        self.axis = axis

    supports_masking = True

    def call(self, x: Value) -> Value:
        return activations.softmax(x, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
