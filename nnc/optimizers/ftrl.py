"""Ftrl."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from nnc.arguments import argument, number
from nnc.checks import is_number
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


def _check_sign(key: str, value: Any, direction: float, sign: str) -> float:
    if not is_number(value) or not 0.0 <= value * direction < inf:
        raise ModelError(f"`{key}` needs to be {sign} or zero. Received: {key}={value}.")
    return float(value)


def _not_negative(where: str, key: str, value: Any) -> float:
    del where
    return _check_sign(key, value, 1.0, "positive")


def _not_positive(where: str, key: str, value: Any) -> float:
    del where
    return _check_sign(key, value, -1.0, "negative")


class Ftrl(Optimizer, names=("ftrl",)):
    """Follow the regularized leader: the weights are computed from sums over all gradients so far.

    With n ← n + g², σ = (n^-p - n'^-p) / η (n' the sum before) and z ← z + g + 2 s w - σ w, the weights become
    (clip(z, -λ₁, λ₁) - z) / (n^-p / η + 2 λ₂ + β / η) (keras.io/api/optimizers/ftrl; McMahan et al. 2013, Ad Click
    Prediction). The slots are ``accumulator`` for n and ``linear`` for z.

    Args:
        learning_rate: step size η.
        learning_rate_power: p, at most 0.
        initial_accumulator_value: what n starts with.
        l1_regularization_strength: λ₁.
        l2_regularization_strength: λ₂.
        l2_shrinkage_regularization_strength: s.
        beta: β.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    learning_rate_power: float = argument(_not_positive, default=-0.5)
    initial_accumulator_value: float = argument(_not_negative, default=0.1)
    l1_regularization_strength: float = argument(_not_negative, default=0.0)
    l2_regularization_strength: float = argument(_not_negative, default=0.0)
    l2_shrinkage_regularization_strength: float = argument(_not_negative, default=0.0)
    beta: float = number(0.0, default=0.0)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("accumulator", "linear"),)

    @property
    def first_values(self) -> Mapping[str, float]:
        """The initial value of the sum of squares."""
        return {"accumulator": float(self.initial_accumulator_value)}

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        rate, power = state.learning_rate, -self.learning_rate_power
        before = state.slot("accumulator")
        after = before + state.of_parts(ops.square, gradient)
        root = after**power
        shift = gradient - (root - before**power) / rate * parameter
        if self.l2_shrinkage_regularization_strength:
            shift = shift + parameter * (2.0 * self.l2_shrinkage_regularization_strength)
        linear = state.assign("linear", state.slot("linear") + shift)
        state.assign("accumulator", after)
        quadratic = root / rate
        if self.l2_regularization_strength:
            quadratic = quadratic + 2.0 * self.l2_regularization_strength
        if self.beta:
            quadratic = quadratic + self.beta / rate
        strength = self.l1_regularization_strength
        rest = ops.clip(linear, -strength, strength) - linear if strength else -linear
        return rest / quadratic
