"""Activations with settings that model files write as layers, such as ``Dense(4, activation=LeakyReLU(0.1))``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.activations.activation import DeclaredActivation
from nnc.activations.normalizing import softmax
from nnc.activations.rectifiers import elu, leaky_relu, relu
from nnc.arguments import argument, number, upper_limit
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Value


class LeakyReLU(DeclaredActivation):
    """x where it is positive, otherwise ``negative_slope · x``.

    https://keras.io/api/layers/activation_layers/leaky_relu/
    """

    negative_slope: float = number(default=0.3)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return leaky_relu(x, self.negative_slope)


class ReLU(DeclaredActivation):
    """x above the threshold, limited to `max_value`, and ``negative_slope · (x - threshold)`` below.

    https://keras.io/api/layers/activation_layers/relu/
    """

    max_value: float | None = upper_limit(default=None)
    negative_slope: float = number(default=0.0)
    threshold: float = number(default=0.0)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return relu(x, self.negative_slope, self.max_value, self.threshold)


class ELU(DeclaredActivation):
    """x where it is positive, otherwise ``alpha · (exp(x) - 1)``.

    https://keras.io/api/layers/activation_layers/elu/
    """

    alpha: float = number(default=1.0)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return elu(x, self.alpha)


def _check_axes(where: str, key: str, value: Any) -> int | list[int]:
    axes = list(value) if isinstance(value, list | tuple) else [value]
    if not axes or not all(map(is_whole, axes)):
        raise ModelError(f"{where}: {key} must be an integer, got {value!r}")
    return axes[0] if len(axes) == 1 else axes


class Softmax(DeclaredActivation):
    """``exp(x)`` divided by its sum over an axis or several.

    https://keras.io/api/layers/activation_layers/softmax/
    """

    axis: int | Sequence[int] = argument(_check_axes, default=-1)

    def call(self, x: Value) -> Value:
        """Return the activation of x."""
        return softmax(x, self.axis)
