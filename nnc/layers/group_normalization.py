"""Normalisation of each row by itself, over groups of channels."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.checks import check_flag, check_number
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.batch_normalization import gamma_and_beta, known_length, single_axis
from nnc.layers.layer_normalization import check_floating, spread
from nnc.layers.options import LayerOptions
from nnc.layers.variable import Variable
from nnc.ops import mean, reshape, sqrt, square


class GroupNormalization(Layer):
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
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("groups {groups}", "axis {axis}")
    supports_masking = True
    keeps_integers = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ModelError(
                f"GroupNormalization: groups must be a positive integer, or -1 for a group per channel, got {groups!r}"
            )
        super().__init__(**options)
        self.groups = groups
        self.axis = single_axis("GroupNormalization", axis)
        self.epsilon = check_number("GroupNormalization", "epsilon", epsilon, low=0)
        self.center = check_flag("GroupNormalization", "center", center)
        self.scale = check_flag("GroupNormalization", "scale", scale)
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
        channels = known_length(input_shape, self.axis)
        self.groups = channels if self.groups == -1 else self.groups
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
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
