"""Adamax and Nadam, the relatives of Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.saved import SavedVariable, scalar
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import Window

_DECAY = 0.96
"""The constant from the paper by which the momentum of Nadam grows to its full size."""
_PRODUCT = "u_product"


class Adamax(Optimizer, names=("adamax",)):
    """Adam with the largest gradient instead of the root of the mean square: w - η m / ((1 - β₁ᵗ) (u + ε)).

    m is the running mean of the gradients and u ← max(β₂ u, |g|) (keras.io/api/optimizers/adamax; Kingma and Ba 2014,
    section 7.1). The slots are ``momentum`` and ``norm``.

    Args:
        learning_rate: step size η.
        beta_1: decay β₁ of the mean of gradients, from 0 to below 1.
        beta_2: decay β₂ of the largest gradient, from 0 to below 1.
        epsilon: keeps the division finite.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    beta_1: float = number(0.0, below=1.0, default=0.9)
    beta_2: float = number(0.0, below=1.0, default=0.999)
    epsilon: float = number(0.0, default=1e-7)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum", "norm"),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        correction = 1.0 - parameter.graph.constant(self.beta_1, parameter.dtype) ** state.step
        momentum = state.slot("momentum")
        momentum = state.assign("momentum", momentum + (gradient - momentum) * (1.0 - self.beta_1))
        norm = state.slot("norm") * self.beta_2
        norm = state.assign("norm", ops.maximum(norm, state.of_parts(ops.absolute, gradient)))
        return parameter - momentum * (state.learning_rate / correction) / (norm + self.epsilon)


class Nadam(Optimizer, names=("nadam",)):
    """Adam with Nesterov's momentum (keras.io/api/optimizers/nadam; Dozat 2015, Incorporating Nesterov Momentum).

    With uₜ = β₁ (1 - 0.96ᵗ / 2) and pₜ = u₁ … uₜ, the mean in the numerator is uₜ₊₁ m / (1 - pₜ₊₁) + (1 - uₜ) g /
    (1 - pₜ). The slots are ``momentum`` and ``velocity``; the product p is a state of its own.

    Args:
        learning_rate: step size η.
        beta_1: decay β₁ of the mean of gradients, from 0 to below 1.
        beta_2: decay β₂ of the mean of squares, from 0 to below 1.
        epsilon: keeps the division finite.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    beta_1: float = number(0.0, below=1.0, default=0.9)
    beta_2: float = number(0.0, below=1.0, default=0.999)
    epsilon: float = number(0.0, default=1e-7)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum", "velocity"),)

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return the slots, and the product of the momenta so far."""
        return [*super().saved_slots(windows), scalar(_PRODUCT, f"optimizer/{_PRODUCT}", 1.0)]

    def initial_states(self, windows: Sequence[Window] = ()) -> dict[str, Any]:
        """Return what states start with; the product starts with 1."""
        return super().initial_states(windows) | {f"optimizer/{_PRODUCT}": 1.0}

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        decay = parameter.graph.constant(_DECAY, parameter.dtype)
        this = (1.0 - decay**state.step * 0.5) * self.beta_1
        following = (1.0 - decay ** (state.step + 1.0) * 0.5) * self.beta_1
        product = state.shared(_PRODUCT, lambda before: before * this)
        second = 1.0 - parameter.graph.constant(self.beta_2, parameter.dtype) ** state.step
        momentum = state.slot("momentum")
        momentum = state.assign("momentum", momentum + (gradient - momentum) * (1.0 - self.beta_1))
        velocity = state.slot("velocity")
        square = state.of_parts(ops.square, gradient)
        velocity = state.assign("velocity", velocity + (square - velocity) * (1.0 - self.beta_2))
        rate = state.learning_rate
        ahead = momentum * (rate * following / (1.0 - product * following))
        now = gradient * (rate * (1.0 - this) / (1.0 - product))
        return parameter - (ahead + now) / (ops.sqrt(velocity / second) + self.epsilon)
