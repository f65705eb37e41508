"""Normalisation of each row by itself, over chosen axes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, flag, number
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import maximum, mean, reshape, sqrt, square, sum
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.batch_normalization import gamma_and_beta, known_length
from nnc.layers.declared import KerasLayer
from nnc.layers.spatial import axis_list, check_axes
from nnc.layers.variable import Variable


class LayerNormalization(KerasLayer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance over some axes.

    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, https://arxiv.org/abs/1607.06450.

    Args:
        axis: an axis or a list of them.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer: first value of beta, whose axes are those that are normalised.
        gamma_initializer: first value of gamma.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: projection of beta after each update.
        gamma_constraint: projection of gamma after each update.
        rms_scaling: whether mean and beta are left out, which Keras deprecates.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True
    keeps_integers = True

    axis: int | Sequence[int] = argument(check_axes, default=-1)
    epsilon: float = number(0, default=1e-3)
    center: bool = flag(default=True)
    scale: bool = flag(default=True)
    beta_initializer: Any = initializer(default="zeros")
    gamma_initializer: Any = initializer(default="ones")
    beta_regularizer: Any = regularizer(default=None)
    gamma_regularizer: Any = regularizer(default=None)
    beta_constraint: Any = constraint(default=None)
    gamma_constraint: Any = constraint(default=None)
    rms_scaling: bool = flag(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.rms_scaling:
            warnings.warn(
                "You passed `rms_scaling=True`, which is deprecated. This argument incorrectly scales the input by the "
                "variance, not the root mean square. Use RMSNormalization instead.",
                stacklevel=3,
            )
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(axis_list(self.axis))
        shape = tuple(known_length(input_shape, axis) for axis in self.axis)
        scale, center = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        self.gamma, self.beta = gamma_and_beta(self, shape, scale, center)

    def call(self, x: Value) -> Value:
        check_floating(x)
        axes = normal_axes(x, axis_list(self.axis))
        centered = x - mean(x, axes, keepdims=True)
        factor = 1.0 / sqrt(mean(square(centered), axes, keepdims=True) + self.epsilon)
        if self.rms_scaling:
            scaled = x * factor
            return scaled if self.gamma is None else scaled * spread(self.gamma.value, x, axes)
        y = centered * factor
        if self.gamma is not None:
            y = y * spread(self.gamma.value, x, axes)
        return y if self.beta is None else y + spread(self.beta.value, x, axes)


class RMSNormalization(KerasLayer):
    """x / √(mean(x²) + epsilon) · scale, with the mean over some axes.

    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019, https://arxiv.org/abs/1910.07467.

    Args:
        axis: an axis or a list of them.
        epsilon: added to the mean of squares.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("axis {axis}",)
    keeps_integers = True

    axis: int | Sequence[int] = argument(check_axes, default=-1)
    epsilon: float = number(0, default=1e-6)

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(axis_list(self.axis))
        shape = tuple(known_length(input_shape, axis) for axis in self.axis)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Value) -> Value:
        check_floating(x)
        axes = normal_axes(x, axis_list(self.axis))
        factor = 1.0 / sqrt(mean(square(x), axes, keepdims=True) + self.epsilon)
        return x * factor * spread(self.scale.value, x, axes)


class UnitNormalization(KerasLayer):
    """x divided by its Euclidean norm over some axes, which counts as at least 1e-12.

    Args:
        axis: an axis or a list of them.

    Raises:
        ModelError: the axis is none.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True

    axis: int | Sequence[int] = argument(check_axes, default=-1)

    def call(self, x: Value) -> Value:
        squares = sum(square(x), normal_axes(x, axis_list(self.axis)), keepdims=True)
        return x * (1.0 / sqrt(maximum(squares, 1e-24)))


def check_floating(x: Value) -> None:
    """Refuse whole numbers, because Keras truncates what it has normalised to them.

    Raises:
        ModelError: x holds whole numbers.
    """
    if not x.type.is_floating:
        raise ModelError(
            f"expected floating-point numbers, got {x.type}, whose normalised elements Keras cuts to whole numbers; "
            "put Rescaling(1.0) in front, which makes floating-point numbers of them"
        )


def normal_axes(x: Value, axes: Sequence[int]) -> list[int]:
    """Return axes counted from 0.

    Raises:
        ModelError: one is out of bounds.
    """
    for axis in axes:
        if not -x.rank <= axis < x.rank:
            raise ModelError(f"axis {axis} is out of bounds for an input of type {x.type}")
    return sorted({axis % x.rank for axis in axes})


def spread(weight: Value, x: Value, axes: Sequence[int]) -> Value:
    """Return a weight whose axes are some of x's with an axis of length 1 for each other axis of x."""
    if weight.shape == x.shape[x.rank - weight.rank :] and list(axes) == list(range(x.rank - len(axes), x.rank)):
        return weight
    shape: list[Dim] = [dim if axis in axes else 1 for axis, dim in enumerate(x.shape)]
    return reshape(weight, shape)
