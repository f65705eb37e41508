"""Normalisation of each row by itself, over groups of channels."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, flag, number
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import mean, reshape, sqrt, square
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.batch_normalization import gamma_and_beta, known_length, single_axis
from nnc.layers.declared import KerasLayer
from nnc.layers.layer_normalization import check_floating, spread
from nnc.layers.variable import Variable


def _check_groups(where: str, key: str, value: Any) -> int:
    """Return a number of groups."""
    if not is_whole(value) or (value <= 0 and value != -1):
        raise ModelError(
            f"{where}: argument `{key}` must be a positive integer, or -1 for a group per channel, got {value!r}"
        )
    return int(value)


class GroupNormalization(KerasLayer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance over a row's channels of one group.

    Y. Wu and K. He, "Group normalization", ECCV 2018, https://arxiv.org/abs/1803.08494.

    Args:
        groups: number of groups, a divisor of the number of channels; -1 for a group per channel.
        axis: axis of the channels.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer: first value of beta, of shape (channels,).
        gamma_initializer: first value of gamma.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: projection of beta after each update.
        gamma_constraint: projection of gamma after each update.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("groups {groups}", "axis {axis}")
    supports_masking = True
    keeps_integers = True

    groups: int = argument(_check_groups, default=32)
    axis: int = argument(single_axis, default=-1)
    epsilon: float = number(0, default=1e-3)
    center: bool = flag(default=True)
    scale: bool = flag(default=True)
    beta_initializer: Any = initializer(default="zeros")
    gamma_initializer: Any = initializer(default="ones")
    beta_regularizer: Any = regularizer(default=None)
    gamma_regularizer: Any = regularizer(default=None)
    beta_constraint: Any = constraint(default=None)
    gamma_constraint: Any = constraint(default=None)

    def __post_init__(self) -> None:
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: Any) -> None:
        if -len(input_shape) <= self.axis < len(input_shape) and input_shape[self.axis] is None:
            raise ModelError(
                f"axis {self.axis} of the input tensor should have a defined dimension but the layer received an input "
                f"with shape {tuple(input_shape)}"
            )
        channels = known_length(input_shape, self.axis)
        self.groups = channels if self.groups == -1 else self.groups
        if self.groups > channels:
            raise ModelError(f"groups cannot be more than the number of channels {channels}, got {self.groups}")
        if channels % self.groups:
            raise ModelError(f"groups must divide the number of channels {channels}, got {self.groups}")
        self.gamma, self.beta = gamma_and_beta(self, (channels,), self.scale, self.center)

    def call(self, x: Value) -> Value:
        check_floating(x)
        axis = self.axis % x.rank
        grouped = reshape(x, (*x.shape[:axis], self.groups, x.shape[axis] // self.groups, *x.shape[axis + 1 :]))
        axes = [at for at in range(1, grouped.rank) if at != axis]
        centered = grouped - mean(grouped, axes, keepdims=True)
        factor = 1.0 / sqrt(mean(square(centered), axes, keepdims=True) + self.epsilon)
        y = reshape(centered * factor, x.shape)
        if self.gamma is not None:
            y = y * spread(self.gamma.value, x, [axis])
        return y if self.beta is None else y + spread(self.beta.value, x, [axis])
