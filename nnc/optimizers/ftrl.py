"""Ftrl."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.optimizers.arguments import not_negative
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.options import OptimizerOptions
from nnc.optimizers.state import OptimizerState


class Ftrl(Optimizer):
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
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate: float = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        if isinstance(learning_rate_power, bool) or not learning_rate_power <= 0.0:
            raise ModelError(f"{self._where}: learning_rate_power must be at most 0, got {learning_rate_power!r}")
        self.learning_rate_power = learning_rate_power
        where = self._where
        self.initial_accumulator_value = not_negative(where, "initial_accumulator_value", initial_accumulator_value)
        self.l1_regularization_strength = not_negative(where, "l1_regularization_strength", l1_regularization_strength)
        self.l2_regularization_strength = not_negative(where, "l2_regularization_strength", l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = not_negative(
            where, "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = not_negative(where, "beta", beta)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("accumulator", "linear"),)

    @property
    def first_values(self) -> Mapping[str, float]:
        """The initial value of the sum of squares."""
        return {"accumulator": self.initial_accumulator_value}

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
