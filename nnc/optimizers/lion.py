"""Lion."""

from __future__ import annotations

from nnc.arguments import number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class Lion(Optimizer, names=("lion",)):
    """Steps of one size along the sign of the momentum: w - η sign(β₁ m + (1 - β₁) g), then m ← β₂ m + (1 - β₂) g.

    See keras.io/api/optimizers/lion; Chen et al. 2023, arxiv.org/abs/2302.06675. The slot is ``momentum``.

    Args:
        learning_rate: step size η.
        beta_1: weight of the momentum in the step, above 0 and at most 1.
        beta_2: decay of the momentum, from 0 to 1.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.001, alias="learning_rate")
    beta_1: float = number(
        above=0.0,
        high=1.0,
        default=0.9,
        words="Argument `{key}` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD."
        " Received: {key}={value!r}.",
    )
    beta_2: float = number(0.0, 1.0, default=0.99)

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
