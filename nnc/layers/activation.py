"""Activations that are layers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf
from typing import Any

from nnc import activations
from nnc.arguments import argument, number
from nnc.checks import check_number, is_number, is_whole
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import Greater
from nnc.ir.ops.elementwise import apply
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.declared import KerasLayer
from nnc.layers.spatial import axis_list, check_axes


def _is_negative(value: Any) -> bool:
    return is_number(value) and value < 0


def _check_max_value(where: str, key: str, value: Any) -> Any:
    if _is_negative(value):
        raise ModelError(f"{where}: {key} of a ReLU layer cannot be a negative value, got {value!r}")
    return None if value == inf else check_number(where, key, value, 0)


def _check_of_relu(where: str, key: str, value: Any) -> Any:
    if value is None or _is_negative(value):
        raise ModelError(f"{where}: {key} of a ReLU layer cannot be None or a negative value, got {value!r}")
    return check_number(where, key, value, 0)


def _check_leaky_slope(where: str, key: str, value: Any) -> Any:
    if value is None or _is_negative(value):
        raise ModelError(
            f"{where}: The {key} value of a Leaky ReLU layer cannot be None or a negative value, got {value!r}"
        )
    return check_number(where, key, value, 0)


class ReLU(KerasLayer):
    """max(x, 0), optionally limited above and with a slope below.

    Whole numbers stay whole, and so does their limit, unless there is a slope.

    Args:
        max_value: upper limit, or None.
        negative_slope: slope below the threshold.
        threshold: below it the negative slope holds.
    """

    noted_arguments = ("max_value {max_value}", "negative_slope {negative_slope}", "threshold {threshold}")
    supports_masking = True
    keeps_integers = True

    max_value: float | None = argument(_check_max_value, default=None)
    negative_slope: float = argument(_check_of_relu, default=0.0)
    threshold: float = argument(_check_of_relu, default=0.0)

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


class LeakyReLU(KerasLayer):
    """x where it is positive, otherwise ``negative_slope · x``.

    Args:
        negative_slope: slope where x is negative.
        alpha: Keras 2's name of the slope.
    """

    noted_arguments = ("negative_slope {negative_slope}",)
    supports_masking = True

    negative_slope: float = argument(_check_leaky_slope, default=0.3)
    alpha: float | None = number(0, default=None, kw_only=True, written="never")

    def __post_init__(self) -> None:
        if self.alpha is not None:
            self.negative_slope = self.alpha

    def call(self, x: Value) -> Value:
        return activations.leaky_relu(x, self.negative_slope)


class ELU(KerasLayer):
    """x where it is positive, otherwise ``alpha · (exp(x) - 1)``.

    Args:
        alpha: the negative of the limit where x is very negative.
    """

    noted_arguments = ("alpha {alpha}",)
    supports_masking = True

    alpha: float = number(default=1.0)

    def call(self, x: Value) -> Value:
        return activations.elu(x, float(self.alpha))


def _check_shared_axes(where: str, key: str, value: Any) -> list[int]:
    """Return the axes of a row along which there is one slope."""
    axes = axis_list(value)
    if not all(is_whole(axis) and axis for axis in axes):
        raise ModelError(f"{where}: {key} must be axes from 1, got {value!r}")
    return axes


class PReLU(KerasLayer):
    """x where it is positive, otherwise x times a slope that is learned, one per element of a row.

    K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers, 2015, https://arxiv.org/abs/1502.01852

    Args:
        alpha_initializer: first value of the slopes.
        alpha_regularizer: penalty on the slopes.
        alpha_constraint: what the slopes are projected to after each update.
        shared_axes: axes along which all elements have one slope, from 1.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("shared_axes {shared_axes}",)
    supports_masking = True

    alpha_initializer: Any = initializer(default="Zeros")
    alpha_regularizer: Any = regularizer(default=None)
    alpha_constraint: Any = constraint(default=None)
    shared_axes: int | Sequence[int] | None = argument(_check_shared_axes, default=None)

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in axis_list(self.shared_axes or []):
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


class Softmax(KerasLayer):
    """Softmax along one axis or several.

    Args:
        axis: the axis or axes, the last by default.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True

    axis: int | Sequence[int] = argument(check_axes, default=-1)

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
        types = f"got one of type {mask.type} for an input of type {x.type}"
        if mask.rank > x.rank:
            raise ModelError(
                f"The `mask` must be broadcastable to the input and must not have more dimensions, {types}"
            )
        pairs = zip(reversed(mask.shape), reversed(x.shape), strict=False)
        if any(dim not in (1, other) for dim, other in pairs):
            raise ModelError(f"The `mask` must be broadcastable to the input, {types}")
        return mask if mask.dtype == "bool" else apply(Greater(), mask, 0.5)
