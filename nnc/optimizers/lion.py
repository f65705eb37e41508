"""Lion."""

from __future__ import annotations

from typing import Unpack

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.optimizers.arguments import fraction
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.options import OptimizerOptions
from nnc.optimizers.state import OptimizerState


class Lion(Optimizer):
    """Steps of one size along the sign of the momentum: w - η sign(β₁ m + (1 - β₁) g), then m ← β₂ m + (1 - β₂) g.

    See keras.io/api/optimizers/lion; Chen et al. 2023, arxiv.org/abs/2302.06675. The slot is ``momentum``.

    Args:
        learning_rate: step size η.
        beta_1: weight of the momentum in the step, above 0 and at most 1.
        beta_2: decay of the momentum, from 0 to 1.
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = fraction(self._where, "beta_1", beta_1)
        self.beta_2 = fraction(self._where, "beta_2", beta_2)
        if self.beta_1 == 0.0:
            raise ModelError(f"{self._where}: beta_1 must be above 0, got {beta_1!r}; with 0 use SGD on signs")

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum",),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        momentum = state.slot("momentum")
        direction = ops.sign(momentum * self.beta_1 + gradient * (1.0 - self.beta_1))
        state.assign("momentum", momentum * self.beta_2 + gradient * (1.0 - self.beta_2))
        return parameter - direction * state.learning_rate
