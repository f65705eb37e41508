"""Lamb."""

from __future__ import annotations

from nnc.arguments import number
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState
from nnc.optimizers.windows import norms, scale


class Lamb(Optimizer, names=("lamb",)):
    """Adam whose step is, for each variable, as long as the learning rate times the variable: w - η r u.

    u = m̂ / (√v̂ + ε) is Adam's direction and r = |w| / |u| the trust ratio of a variable, 1 where one of the two is 0
    (keras.io/api/optimizers/lamb; You et al. 2019, arxiv.org/abs/1904.00962). The slots are ``momentum`` and
    ``velocity``.

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

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        graph, step = parameter.graph, state.step
        first = 1.0 - graph.constant(self.beta_1, parameter.dtype) ** step
        second = 1.0 - graph.constant(self.beta_2, parameter.dtype) ** step
        momentum = state.slot("momentum")
        momentum = state.assign("momentum", momentum + (gradient - momentum) * (1.0 - self.beta_1))
        velocity = state.slot("velocity")
        square = state.of_parts(ops.square, gradient)
        velocity = state.assign("velocity", velocity + (square - velocity) * (1.0 - self.beta_2))
        update = momentum / first / (ops.sqrt(velocity / second) + self.epsilon)
        weights, updates = norms(parameter, state.windows), norms(update, state.windows)
        # where one of them is 0 the quotient is replaced, so that nothing is divided by 0
        both = ops.logical_and(weights > 0.0, updates > 0.0)
        ratio = ops.where(both, weights / ops.where(both, updates, 1.0), 1.0)
        return parameter - scale(update, ratio * state.learning_rate, state.windows)
