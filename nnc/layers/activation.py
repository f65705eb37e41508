"""Activations that are layers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from numbers import Real
from typing import Any, Unpack, cast

from nnc import activations, ops
from nnc.checks import check_number
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions, LeakyReLUOptions
from nnc.ops.comparison import Greater
from nnc.ops.elementwise import apply


class ReLU(Layer):
    """max(x, 0), optionally limited above and with a slope below.

    Whole numbers stay whole, and so does their limit, unless there is a slope.

    Args:
        max_value: upper limit, or None.
        negative_slope: slope below the threshold.
        threshold: below it the negative slope holds.
        options: arguments of `Layer`.
    """

    noted_arguments = ("max_value {max_value}", "negative_slope {negative_slope}", "threshold {threshold}")
    supports_masking = True
    keeps_integers = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else check_number("ReLU", "max_value", max_value, low=0)
        self.negative_slope = check_number("ReLU", "negative_slope", negative_slope or 0.0, low=0)
        self.threshold = check_number("ReLU", "threshold", threshold or 0.0, low=0)

    @property
    def summary_class(self) -> str:
        is_named = self.max_value == 6 and not self.negative_slope and not self.threshold
        return "ReLU6" if is_named else super().summary_class

    @property
    def summary_note(self) -> str:
        return "" if self.summary_class == "ReLU6" else super().summary_note

    def call(self, x: Value) -> Value:
        if x.dtype == "bool" or self.negative_slope:
            x = self.as_floating(x)
        if x.type.is_floating:
            return activations.relu(x, self.negative_slope, self.max_value, self.threshold)
        limit = None if self.max_value is None else floor(self.max_value)
        return activations.relu(x, max_value=limit, threshold=floor(self.threshold))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """x where it is positive, otherwise ``negative_slope · x``.

    Args:
        negative_slope: slope where x is negative.
        options: arguments of `Layer`; ``alpha`` is Keras 2's name of the slope.
    """

    noted_arguments = ("negative_slope {negative_slope}",)
    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LeakyReLUOptions]) -> None:
        negative_slope = options.pop("alpha", negative_slope)
        super().__init__(**cast("LayerOptions", options))
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope, low=0)

    def call(self, x: Value) -> Value:
        return activations.leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Layer):
    """x where it is positive, otherwise ``alpha · (exp(x) - 1)``.

    Args:
        alpha: the negative of the limit where x is very negative.
        options: arguments of `Layer`.
    """

    noted_arguments = ("alpha {alpha}",)
    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        number: Any = alpha
        if isinstance(number, bool) or not isinstance(number, Real):
            raise ModelError(f"ELU: alpha must be a number, got {number!r}")
        self.alpha = alpha

    def call(self, x: Value) -> Value:
        return activations.elu(x, float(self.alpha))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {"name": config.pop("name"), "alpha": self.alpha, **config}


class PReLU(Layer):
    """x where it is positive, otherwise x times a slope that is learned, one per element of a row.

    K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers, 2015, https://arxiv.org/abs/1502.01852

    Args:
        alpha_initializer: first value of the slopes.
        alpha_regularizer: penalty on the slopes.
        alpha_constraint: what the slopes are projected to after each update.
        shared_axes: axes along which all elements have one slope, from 1.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("shared_axes {shared_axes}",)
    supports_masking = True
    alpha_initializer: Any
    alpha_regularizer: Any
    alpha_constraint: Any

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        set_arguments(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        axes = shared_axes if isinstance(shared_axes, list | tuple) else [shared_axes]
        if shared_axes is not None and any(
            isinstance(axis, bool) or not isinstance(axis, int) or axis == 0 for axis in axes
        ):
            raise ModelError(f"PReLU: shared_axes must be axes from 1, got {shared_axes!r}")
        self.shared_axes = None if shared_axes is None else list(axes)

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not -len(shape) < axis <= len(shape):
                raise ModelError(f"axis {axis} of shared_axes is out of range for an input of shape {input_shape}")
            shape[axis - 1] = 1
        if None in shape:
            raise ModelError(f"an axis of unknown length needs to be one of shared_axes, got an input of {input_shape}")
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            name="alpha",
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, x: Value) -> Value:
        return ops.relu(x) - self.alpha * ops.relu(-x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **arguments_config(self, "alpha_initializer", "alpha_regularizer", "alpha_constraint"),
            "shared_axes": self.shared_axes,
        }


class Softmax(Layer):
    """Softmax along one axis or several.

    Args:
        axis: the axis or axes, the last by default.
        options: arguments of `Layer`.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        axes = axis if isinstance(axis, list | tuple) else [axis]
        if not axes or any(isinstance(item, bool) or not isinstance(item, int) for item in axes):
            raise ModelError(f"Softmax: axis must be an integer, got {axis!r}")
        self.axis: Any = list(axes) if isinstance(axis, list | tuple) else axis

    def call(self, x: Value, mask: Value | None = None) -> Value:
        kept = None if mask is None else self._kept(x, mask)
        logits = x if kept is None else ops.where(kept, x, -1e9)
        result = activations.softmax(logits, self.axis)
        return result if kept is None else ops.where(kept, result, 0.0)

    def _kept(self, x: Value, mask: Value) -> Value:
        """Return the mask as bool.

        Raises:
            ModelError: it does not broadcast to x.
        """
        pairs = zip(reversed(mask.shape), reversed(x.shape), strict=False)
        if mask.rank > x.rank or any(dim not in (1, other) for dim, other in pairs):
            raise ModelError(f"a mask of type {mask.type} cannot be broadcast to an input of type {x.type}")
        return mask if mask.dtype == "bool" else apply(Greater(), mask, 0.5)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
