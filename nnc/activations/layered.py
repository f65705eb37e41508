"""Activations with settings that model files write as layers, such as ``Dense(4, activation=LeakyReLU(0.1))``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.activations.activation import Activation
from nnc.activations.normalizing import softmax
from nnc.activations.rectifiers import elu, leaky_relu, relu
from nnc.errors import ModelError
from nnc.ir import Value


class LeakyReLU(Activation):
    """x where it is positive, otherwise ``negative_slope · x``.

    https://keras.io/api/layers/activation_layers/leaky_relu/
    """

    def __init__(self, negative_slope: float = 0.3) -> None:
        self.negative_slope = _number("LeakyReLU", "negative_slope", negative_slope)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the slope."""
        return {"negative_slope": self.negative_slope}


class ReLU(Activation):
    """x above the threshold, limited to `max_value`, and ``negative_slope · (x - threshold)`` below.

    https://keras.io/api/layers/activation_layers/relu/
    """

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0) -> None:
        self.max_value = None if max_value is None else _number("ReLU", "max_value", max_value)
        self.negative_slope = _number("ReLU", "negative_slope", negative_slope)
        self.threshold = _number("ReLU", "threshold", threshold)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return relu(x, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Return limits and slope."""
        return {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}


class ELU(Activation):
    """x where it is positive, otherwise ``alpha · (exp(x) - 1)``.

    https://keras.io/api/layers/activation_layers/elu/
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = _number("ELU", "alpha", alpha)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return elu(x, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return alpha."""
        return {"alpha": self.alpha}


class Softmax(Activation):
    """``exp(x)`` divided by its sum over an axis or several.

    https://keras.io/api/layers/activation_layers/softmax/
    """

    def __init__(self, axis: int | Sequence[int] = -1) -> None:
        axes = axis if isinstance(axis, list | tuple) else [axis]
        if not axes or any(isinstance(item, bool) or not isinstance(item, int) for item in axes):
            raise ModelError(f"activation Softmax: axis must be an integer, got {axis!r}")
        self.axis = axes[0] if len(axes) == 1 else list(axes)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return softmax(x, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the axis."""
        return {"axis": self.axis}


def _number(name: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(f"activation {name}: {key} must be a number, got {value!r}")
    return float(value)
