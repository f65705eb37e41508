"""Normalisation of each row by itself, over chosen axes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Unpack, cast

from nnc.checks import check_flag, check_number
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.batch_normalization import gamma_and_beta, known_length
from nnc.layers.options import LayerNormalizationOptions, LayerOptions
from nnc.layers.variable import Variable
from nnc.ops import maximum, mean, reshape, sqrt, square, sum


class LayerNormalization(Layer):
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
        options: arguments of `Layer`; ``rms_scaling=True``, which Keras deprecates, leaves out mean and beta.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True
    keeps_integers = True

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Unpack[LayerNormalizationOptions],
    ) -> None:
        rms_scaling = check_flag("LayerNormalization", "rms_scaling", options.pop("rms_scaling", False))
        if rms_scaling:
            warnings.warn(
                "You passed `rms_scaling=True`, which is deprecated. This argument incorrectly scales the input by the "
                "variance, not the root mean square. Use RMSNormalization instead.",
                stacklevel=2,
            )
        super().__init__(**cast("LayerOptions", options))
        self.axis = check_axes("LayerNormalization", axis)
        self.epsilon = check_number("LayerNormalization", "epsilon", epsilon, low=0)
        self.center = check_flag("LayerNormalization", "center", center)
        self.scale = check_flag("LayerNormalization", "scale", scale)
        self.rms_scaling = rms_scaling
        set_arguments(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **arguments_config(
                self,
                "beta_initializer",
                "gamma_initializer",
                "beta_regularizer",
                "gamma_regularizer",
                "beta_constraint",
                "gamma_constraint",
            ),
        }


class RMSNormalization(Layer):
    """x / √(mean(x²) + epsilon) · scale, with the mean over some axes.

    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019, https://arxiv.org/abs/1910.07467.

    Args:
        axis: an axis or a list of them.
        epsilon: added to the mean of squares.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("axis {axis}",)
    keeps_integers = True

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis = check_axes("RMSNormalization", axis)
        self.epsilon = check_number("RMSNormalization", "epsilon", epsilon, low=0)

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(axis_list(self.axis))
        shape = tuple(known_length(input_shape, axis) for axis in self.axis)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Value) -> Value:
        check_floating(x)
        axes = normal_axes(x, axis_list(self.axis))
        factor = 1.0 / sqrt(mean(square(x), axes, keepdims=True) + self.epsilon)
        return x * factor * spread(self.scale.value, x, axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """x divided by its Euclidean norm over some axes, which counts as at least 1e-12.

    Args:
        axis: an axis or a list of them.
        options: arguments of `Layer`.

    Raises:
        ModelError: the axis is none.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True

    def __init__(self, axis: Any = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis = check_axes("UnitNormalization", axis)

    def call(self, x: Value) -> Value:
        squares = sum(square(x), normal_axes(x, axis_list(self.axis)), keepdims=True)
        return x * (1.0 / sqrt(maximum(squares, 1e-24)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


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


def check_axes(where: str, axis: Any) -> Any:
    """Return an axis, or a list of axes.

    Raises:
        ModelError: it is neither.
    """
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if any(isinstance(item, bool) or not isinstance(item, int) for item in axes) or not axes:
        raise ModelError(f"{where}: axis must be an integer or a list of integers, got {axis!r}")
    return axes if isinstance(axis, list | tuple) else axis


def axis_list(axis: Any) -> list[int]:
    """Return one axis or several as a list."""
    return list(axis) if isinstance(axis, list | tuple) else [axis]


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
