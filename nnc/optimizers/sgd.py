"""Gradient descent, plain or with momentum."""

from __future__ import annotations

from nnc.arguments import flag, number
from nnc.ir import Value
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class SGD(Optimizer, names=("sgd",)):
    """Gradient descent: w - η g, or with momentum m ← μ m - η g and w + m (keras.io/api/optimizers/sgd).

    Nesterov's momentum takes w + μ m - η g, with the new m, instead. The slot is ``momentum``.

    Args:
        learning_rate: step size η.
        momentum: μ, from 0 to 1.
        nesterov: whether momentum is Nesterov's.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.01, alias="learning_rate")
    momentum: float = number(
        0.0, 1.0, default=0.0, words="`{key}` must be a float between [0, 1]. Received: {key}={value!r}"
    )
    nesterov: bool = flag(default=False)

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
