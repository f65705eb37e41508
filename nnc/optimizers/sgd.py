"""Gradient descent, plain or with momentum."""

from __future__ import annotations

from typing import Unpack

from nnc.ir import Value
from nnc.optimizers.arguments import fraction
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.options import OptimizerOptions
from nnc.optimizers.state import OptimizerState


class SGD(Optimizer):
    """Gradient descent: w - η g, or with momentum m ← μ m - η g and w + m (keras.io/api/optimizers/sgd).

    Nesterov's momentum takes w + μ m - η g, with the new m, instead. The slot is ``momentum``.

    Args:
        learning_rate: step size η.
        momentum: μ, from 0 to 1.
        nesterov: whether momentum is Nesterov's.
        **options: see `Optimizer`.

    Raises:
        ModelError: an argument is wrong.
    """

    settings = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = fraction(self._where, "momentum", momentum)
        self.nesterov = bool(nesterov)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum",),) if self.momentum != 0.0 else ()

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        step = gradient * state.learning_rate
        if self.momentum == 0.0:
            return parameter - step
        momentum = state.assign("momentum", state.slot("momentum") * self.momentum - step)
        if self.nesterov:
            return parameter + (momentum * self.momentum - step)
        return parameter + momentum
